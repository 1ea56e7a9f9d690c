import { CodedError } from '../../errors/coded-error.ts';
import { createS3Client, type S3Connection, timeoutsOf } from '../object-store/s3/s3-client.ts';
import { s3Error } from '../object-store/s3/s3-errors.ts';
import { s3Failure } from '../object-store/s3/s3-failure.ts';
import { headObject } from '../object-store/s3/s3-head.ts';
import { readObject } from '../object-store/s3/s3-read.ts';
import { download } from './download.ts';

export interface S3Fetch extends S3Connection {
  readonly bucket: string;
  readonly key: string;
  /** File to write; it is replaced. */
  readonly destination: string;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
  readonly onProgress?: (receivedBytes: number, totalBytes: number) => void;
}

/**
 * Fetches an object of any bucket into a file; resolves to its size. All parts are of the object that was looked up
 * first: one that changes meanwhile is rejected. Rejects with `SOURCE_NOT_FOUND`, `SOURCE_UNAVAILABLE`,
 * `FILE_TOO_LARGE`, `STORAGE_FULL` or the signal's reason.
 */
export async function fetchObject(fetch: S3Fetch): Promise<number> {
  const { bucket, key, destination, maxBytes, signal, onProgress } = fetch;
  const client = createS3Client(fetch);
  const { idleMs, callMs } = timeoutsOf(fetch);
  try {
    const abortSignal = AbortSignal.any([signal, AbortSignal.timeout(callMs)]);
    const head = await headObject(client, { Bucket: bucket, Key: key }, { abortSignal, explained: () => true });
    const { ContentLength: bytes = 0, ETag: etag } = head;
    if (bytes > maxBytes) {
      throw new CodedError('FILE_TOO_LARGE', `Expected at most ${maxBytes} bytes in ${describe(fetch)}, got ${bytes}`);
    }
    const read = { client, bucket, key, etag, signal, idleMs };
    await download({
      destination,
      bytes,
      signal,
      read: (range) => readObject({ ...read, range }),
      ...(onProgress && { onProgress }),
    });
    return bytes;
  } catch (error) {
    signal.throwIfAborted();
    throw sourceError(error, fetch);
  } finally {
    client.destroy();
  }
}

function sourceError(error: unknown, fetch: S3Fetch): CodedError {
  // Failures of the local disk, and sizes, stay as they are.
  if (error instanceof CodedError && error.code !== 'STORAGE_UNAVAILABLE') return error;
  const { problem, label } = s3Failure(error);
  const object = describe(fetch);
  switch (problem) {
    case 'no-object':
    case 'no-bucket':
      return new CodedError('SOURCE_NOT_FOUND', `Expected ${object}, got ${label}`);
    case 'denied':
      return new CodedError('SOURCE_NOT_FOUND', `Expected permission to read ${object}, got ${label}`, {
        remedy: 'Give the worker s3:GetObject on the bucket, or name a Secret with credentials that have it.',
      });
    case 'changed':
      return new CodedError('SOURCE_UNAVAILABLE', `Expected ${object} not to change during the fetch, but it changed`);
    default: {
      const { message, remedy, cause } = s3Error(`fetch ${object}`, error, fetch);
      return new CodedError('SOURCE_UNAVAILABLE', message, { remedy, cause });
    }
  }
}

function describe({ bucket, key }: S3Fetch): string {
  return `the object ${JSON.stringify(key.slice(0, 200))} of the bucket ${bucket}`;
}
