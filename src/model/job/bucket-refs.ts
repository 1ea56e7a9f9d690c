import { z } from 'zod';
import { bounds } from './bounds.ts';
import { relativePath } from './primitives.ts';

// Sources of inputs and destinations of outputs outside the object store of the installation.

/** The name of a Kubernetes object (RFC 1123), which becomes part of paths and volume names. */
const objectName = z
  .string()
  .min(1)
  .max(253)
  .regex(/^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$/, 'must be lower-case letters, digits, dashes and dots');

const bucket = z
  .string()
  .min(3)
  .max(63)
  .regex(/^[A-Za-z0-9][-._A-Za-z0-9]*$/, 'must be letters, digits, dots, dashes and underscores')
  .describe('Name of the bucket.');

const server = {
  endpoint: z
    .string()
    .max(bounds.url)
    .regex(/^https?:\/\//, 'must be an http or https URL')
    .optional()
    .describe(
      'Endpoint URL of an S3-compatible server that the installation allows; the endpoint of the installation when absent.',
    ),
  region: z.string().max(40).optional().describe('Region of the bucket; that of the installation when absent.'),
  credentialsSecret: objectName
    .optional()
    .describe(
      'Name of a Secret of the same namespace with accessKeyId and secretAccessKey; the credentials of the worker when absent.',
    ),
};

export const s3Source = z
  .strictObject({ bucket, key: z.string().min(1).max(bounds.path).describe('Key of the object.'), ...server })
  .describe('An object in an S3-compatible store, in a bucket that the installation allows.');

export const s3Destination = z
  .strictObject({
    bucket,
    prefix: relativePath.optional().describe('Folder of the keys; a slash is appended.'),
    ...server,
  })
  .describe('A bucket in an S3-compatible store that the installation allows.');

const claimName = objectName.describe('Name of a PersistentVolumeClaim of the same namespace.');

export const pvcSource = z
  .strictObject({ claimName, path: relativePath.describe('Path of the file within the volume.') })
  .describe('A file on a PersistentVolumeClaim, mounted read-only.');

export const pvcDestination = z
  .strictObject({ claimName, path: relativePath.describe('Folder within the volume; created when it does not exist.') })
  .describe('A folder on a PersistentVolumeClaim.');

export type S3Source = z.infer<typeof s3Source>;
export type S3Destination = z.infer<typeof s3Destination>;
export type PvcSource = z.infer<typeof pvcSource>;
