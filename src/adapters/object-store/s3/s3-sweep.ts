import { AbortMultipartUploadCommand, ListMultipartUploadsCommand, type S3Client } from '@aws-sdk/client-s3';

export interface Sweep {
  readonly client: S3Client;
  readonly bucket: string;
  /** Beginning of the keys that are ours. */
  readonly root: string;
  /** Unix milliseconds. */
  readonly olderThan: number;
  readonly callMs: number;
}

/**
 * Takes back uploads in parts that were begun before a time and never joined: their parts are stored and charged, and no
 * list of objects shows them. A worker that is killed leaves one. Returns how many; rejects with the client's error.
 */
export async function abandonedUploads({ client, bucket, root, olderThan, callMs }: Sweep): Promise<number> {
  let taken = 0;
  let marker: { KeyMarker: string; UploadIdMarker: string } | undefined;
  do {
    const page = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: root, ...marker }), {
      abortSignal: AbortSignal.timeout(callMs),
    });
    for (const { Key, UploadId, Initiated } of page.Uploads ?? []) {
      if (Key?.startsWith(root) !== true || UploadId === undefined) continue;
      if ((Initiated?.getTime() ?? Infinity) >= olderThan) continue;
      const command = new AbortMultipartUploadCommand({ Bucket: bucket, Key, UploadId });
      await client.send(command, { abortSignal: AbortSignal.timeout(callMs) });
      taken += 1;
    }
    const { NextKeyMarker: KeyMarker, NextUploadIdMarker: UploadIdMarker } = page;
    const more = page.IsTruncated === true && KeyMarker !== undefined && UploadIdMarker !== undefined;
    marker = more ? { KeyMarker, UploadIdMarker } : undefined;
  } while (marker !== undefined);
  return taken;
}
