import { z } from 'zod';
import { isRecord } from '../../lib/json.ts';
import { labelValue } from '../../model/job/primitives.ts';
import {
  type RenderJobManifest,
  type RenderJobSpec,
  renderJobManifest,
  renderJobSpec,
} from '../../model/job/render-job.ts';
import { invalidRequest, parse } from '../http/validation.ts';

/** Only the server sets labels and annotations under this prefix. */
const reservedPrefix = 'framewright.dev/';

/** Body of `POST /apis/render-jobs`: a spec, or a whole manifest. */
export const nativeBody = z.union([renderJobSpec, renderJobManifest]);

export interface NativeRequest {
  readonly spec: RenderJobSpec;
  readonly metadata: NonNullable<RenderJobManifest['metadata']>;
  /** Start of the paths of spec fields in the body. */
  readonly prefix: '' | 'spec.';
}

/** Distinguishes a manifest from a bare spec before validating, so that errors name the paths in what was sent. */
export function readNativeBody(body: unknown): NativeRequest {
  const isManifest = isRecord(body) && ('spec' in body || 'apiVersion' in body || 'kind' in body);
  if (!isManifest) return { spec: parse(renderJobSpec, body, 'body'), metadata: {}, prefix: '' };
  const { spec, metadata = {} } = parse(renderJobManifest, body, 'body');
  requireUnreserved('metadata.labels', metadata.labels);
  requireUnreserved('metadata.annotations', metadata.annotations);
  return { spec, metadata, prefix: 'spec.' };
}

export const nativePatch = z
  .strictObject({
    priority: renderJobSpec.shape.priority,
    suspend: renderJobSpec.shape.suspend,
    ttlSecondsAfterFinished: renderJobSpec.shape.ttlSecondsAfterFinished,
    labels: z
      .record(z.string().min(1).max(253), labelValue.nullable())
      .optional()
      .describe('Labels to set; null removes one.'),
  })
  .refine((patch) => Object.values(patch).some((value) => value !== undefined), {
    error: 'at least one field must be set',
  })
  .describe('What may change after a job was created.');

/** Kubernetes accepts only keys of this form, and every job must be able to live there. */
const labelKey = /^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const maxKeyInMessage = 80;

/** Rejects keys that are reserved or malformed in the labels or annotations at `path`. */
export function requireUnreserved(path: string, map: Readonly<Record<string, unknown>> = {}): void {
  const keys = Object.keys(map);
  const reserved = keys.filter((key) => key.startsWith(reservedPrefix));
  if (reserved.length > 0) {
    const message = `keys under ${reservedPrefix} are reserved`;
    throw invalidRequest(reserved.map((key) => ({ path: `${path}.${key}`, message })));
  }
  const malformed = keys.filter((key) => !labelKey.test(key));
  if (malformed.length > 0) {
    const message = 'must be a Kubernetes label key';
    throw invalidRequest(malformed.map((key) => ({ path: `${path}.${key.slice(0, maxKeyInMessage)}`, message })));
  }
}
