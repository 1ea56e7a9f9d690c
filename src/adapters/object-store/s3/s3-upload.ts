import type { FileHandle } from 'node:fs/promises';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { CodedError } from '../../../errors/coded-error.ts';
import { storageError } from '../storage-error.ts';
import type { PartBuffers } from './part-buffers.ts';
import { s3Failure } from './s3-failure.ts';

const mebibyte = 1024 ** 2;
/** Parts of one store that may be in memory: 32 MiB with files of up to 78 GiB. */
export const partsInMemory = 4;
const parallelParts = 3;
const smallestPart = 8 * mebibyte;
/** S3 takes 10,000 parts of an object. */
const maxParts = 10_000;
/** A worker that was asked to end has little time left to abort an upload. */
const abortMs = 5000;
/** Joining the parts of a large object may take a server minutes. */
const completeMs = 300_000;

export interface UploadTarget {
  readonly client: S3Client;
  readonly bucket: string;
  /** Key in the bucket. */
  readonly key: string;
  readonly mediaType: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** Whether the server is asked to reject a key that is taken; some servers do not support that condition. */
  readonly conditional: boolean;
  /** Limits the parts that are in memory. */
  readonly buffers: PartBuffers;
  readonly signal: AbortSignal;
}

/** Size of the parts for an object of `bytes`. */
function partSize(bytes: number): number {
  return Math.max(smallestPart, Math.ceil(bytes / maxParts / mebibyte) * mebibyte);
}

/**
 * Uploads a file, all or nothing: in one request, or in parts that are joined at the end and removed when one fails.
 * Rejects with the client's error, `STORAGE_UNAVAILABLE` for a file that changes meanwhile, or the signal's reason.
 */
export async function uploadFile(file: FileHandle, bytes: number, target: UploadTarget): Promise<void> {
  if (bytes <= smallestPart) await putWhole(file, bytes, target);
  else await putInParts(file, bytes, target);
}

async function putWhole(file: FileHandle, bytes: number, target: UploadTarget): Promise<void> {
  const { client, conditional, buffers, signal } = target;
  await buffers(bytes, async (buffer) => {
    const Body = await readPart(file, 0, buffer.subarray(0, bytes));
    const command = new PutObjectCommand({ ...objectOf(target), ...onlyIfNew(conditional), Body });
    await client.send(command, { abortSignal: signal });
  });
}

async function putInParts(file: FileHandle, bytes: number, target: UploadTarget): Promise<void> {
  const { client, bucket, key, conditional, signal } = target;
  const created = await client.send(new CreateMultipartUploadCommand(objectOf(target)), { abortSignal: signal });
  const UploadId = created.UploadId;
  if (UploadId === undefined) throw incomplete('the id of an upload');
  const id = { Bucket: bucket, Key: key, UploadId };
  try {
    const tags = await putParts(file, bytes, target, UploadId);
    const Parts = tags.map((ETag, index) => ({ PartNumber: index + 1, ETag }));
    const complete = (condition: boolean): Promise<unknown> =>
      client.send(new CompleteMultipartUploadCommand({ ...id, ...onlyIfNew(condition), MultipartUpload: { Parts } }), {
        abortSignal: AbortSignal.any([signal, AbortSignal.timeout(completeMs)]),
      });
    await complete(conditional).catch((error: unknown) => {
      // Only the condition is unsupported: the caller has checked that the key is free.
      if (conditional && s3Failure(error).problem === 'not-supported') return complete(false);
      throw error;
    });
  } catch (error) {
    // Parts of an upload that is never completed are stored, and charged, until it is aborted.
    await client
      .send(new AbortMultipartUploadCommand(id), { abortSignal: AbortSignal.timeout(abortMs) })
      .catch(() => undefined);
    throw signal.aborted ? signal.reason : error;
  }
}

/** Uploads the parts, some in parallel; returns their tags in order. All calls have ended when it settles. */
async function putParts(file: FileHandle, bytes: number, target: UploadTarget, UploadId: string): Promise<string[]> {
  const { client, bucket, key } = target;
  const size = partSize(bytes);
  const count = Math.ceil(bytes / size);
  const tags: string[] = Array.from({ length: count }, () => '');
  const failed = new AbortController();
  const signal = AbortSignal.any([target.signal, failed.signal]);
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < count && !signal.aborted) {
      const index = next++;
      const { ETag } = await target.buffers(size, async (buffer) => {
        const Body = await readPart(file, index * size, buffer.subarray(0, Math.min(size, bytes - index * size)));
        const command = new UploadPartCommand({ Bucket: bucket, Key: key, UploadId, PartNumber: index + 1, Body });
        return client.send(command, { abortSignal: signal });
      });
      if (ETag === undefined) throw incomplete('the tag of a part');
      tags[index] = ETag;
    }
  };
  const workers = Array.from({ length: Math.min(parallelParts, count) }, async () =>
    work().catch((error: unknown) => {
      failed.abort(error);
      throw error;
    }),
  );
  await Promise.allSettled(workers);
  target.signal.throwIfAborted();
  // The first failure, not the aborts that it caused.
  failed.signal.throwIfAborted();
  return tags;
}

function incomplete(what: string): CodedError {
  return new CodedError('STORAGE_UNAVAILABLE', `Expected ${what} from the S3 server, got an answer without it`);
}

async function readPart(file: FileHandle, position: number, buffer: Buffer): Promise<Buffer> {
  const { length } = buffer;
  for (let filled = 0; filled < length; ) {
    const { bytesRead } = await file
      .read(buffer, filled, length - filled, position + filled)
      .catch((error: unknown) => {
        throw storageError('read an upload', error);
      });
    if (bytesRead === 0) {
      throw new CodedError('STORAGE_UNAVAILABLE', 'Expected an upload that does not change, got a shorter file');
    }
    filled += bytesRead;
  }
  return buffer;
}

function objectOf({ bucket, key, mediaType, metadata }: UploadTarget): {
  Bucket: string;
  Key: string;
  ContentType: string;
  Metadata: Record<string, string>;
} {
  return { Bucket: bucket, Key: key, ContentType: mediaType, Metadata: { ...metadata } };
}

/** RFC 9110, section 13.1.2: only when no such object exists. */
function onlyIfNew(conditional: boolean): { IfNoneMatch?: '*' } {
  return conditional ? { IfNoneMatch: '*' } : {};
}
