import { AbortMultipartUploadCommand, ListMultipartUploadsCommand, type MultipartUpload } from '@aws-sdk/client-s3';
import type { S3Bucket } from './s3-bucket.ts';

/**
 * Aborts multipart uploads that were begun before `olderThan` (Unix milliseconds) and never completed: a worker that is
 * killed leaves one, its parts are stored and charged, and no list of objects shows them. Returns their number.
 */
export async function abortAbandonedUploads(bucket: S3Bucket, olderThan: number): Promise<number> {
  const limit = (): { abortSignal: AbortSignal } => ({ abortSignal: AbortSignal.timeout(bucket.callMs) });
  let aborted = 0;
  try {
    for await (const { Key, UploadId } of abandonedUploads(bucket, olderThan)) {
      await bucket.client.send(new AbortMultipartUploadCommand({ Bucket: bucket.name, Key, UploadId }), limit());
      aborted += 1;
    }
  } catch (error) {
    throw bucket.error('abort abandoned uploads', error);
  }
  return aborted;
}

async function* abandonedUploads(bucket: S3Bucket, olderThan: number): AsyncGenerator<MultipartUpload> {
  let marker: { readonly KeyMarker: string; readonly UploadIdMarker: string } | undefined;
  do {
    const command = new ListMultipartUploadsCommand({ Bucket: bucket.name, Prefix: bucket.root, ...marker });
    const page = await bucket.client.send(command, { abortSignal: AbortSignal.timeout(bucket.callMs) });
    for (const upload of page.Uploads ?? []) {
      const own = upload.Key?.startsWith(bucket.root) === true && upload.UploadId !== undefined;
      if (own && (upload.Initiated?.getTime() ?? Infinity) < olderThan) yield upload;
    }
    const { NextKeyMarker: KeyMarker, NextUploadIdMarker: UploadIdMarker } = page;
    const more = page.IsTruncated === true && KeyMarker !== undefined && UploadIdMarker !== undefined;
    marker = more ? { KeyMarker, UploadIdMarker } : undefined;
  } while (marker !== undefined);
}
