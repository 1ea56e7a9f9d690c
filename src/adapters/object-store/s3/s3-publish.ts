import { type FileHandle, open } from 'node:fs/promises';
import { CodedError } from '../../../errors/coded-error.ts';
import { mediaTypeOf } from '../../../model/job/media-types.ts';
import type { ObjectInfo, Upload } from '../../../ports/object-store.ts';
import { storageError } from '../storage-error.ts';
import { createPartBuffers } from './part-buffers.ts';
import { describeObject, type S3Bucket } from './s3-bucket.ts';
import { s3Failure } from './s3-failure.ts';
import { partsInMemory, uploadFile } from './s3-upload.ts';

/** Metadata that holds the id of the upload: by it a repeated publication recognises its own object. */
const uploadIdName = 'framewright-upload';

/**
 * Publishes files as objects of a bucket. Nothing is replaced: a taken key is found before the upload, and again by the
 * server (`If-None-Match: *`) where it supports that condition.
 */
export class S3Publisher {
  readonly #bucket: S3Bucket;
  readonly #buffers = createPartBuffers(partsInMemory);

  constructor(bucket: S3Bucket) {
    this.#bucket = bucket;
  }

  /** Rejects with `CONFLICT`, `STORAGE_UNAVAILABLE`, `STORAGE_FULL` or the signal's reason. Leaves the local file. */
  async publish(upload: Upload, signal: AbortSignal): Promise<ObjectInfo> {
    const action = `publish the object ${upload.key}`;
    const file = await open(upload.path).catch((error: unknown) => {
      throw storageError(action, error);
    });
    try {
      const { size } = await file.stat();
      const info = (await this.#published(upload)) ?? (await this.#send(upload, { file, size, signal }));
      if (info?.bytes === size) return info;
      const got = info === undefined ? 'no object' : `${info.bytes} bytes`;
      throw new CodedError('STORAGE_UNAVAILABLE', `Expected ${size} bytes of the object ${upload.key}, got ${got}`);
    } finally {
      await file.close();
    }
  }

  /** The object that an upload has become; `undefined` when there is none, `CONFLICT` when it is of another upload. */
  async #published({ key, id }: Upload): Promise<ObjectInfo | undefined> {
    const found = await this.#bucket.head(key);
    if (found === undefined) return undefined;
    if (found.Metadata?.[uploadIdName] === id) return describeObject(key, found);
    throw new CodedError('CONFLICT', `Expected a new key, got ${key}, which was published before`);
  }

  async #send(
    upload: Upload,
    content: { readonly file: FileHandle; readonly size: number; readonly signal: AbortSignal },
  ): Promise<ObjectInfo | undefined> {
    try {
      await this.#put(upload, content);
    } catch (error) {
      content.signal.throwIfAborted();
      // The answer may have been lost after the object had come to be, and the rejection be that of the repeated call.
      const info = await this.#published(upload);
      if (info === undefined) throw this.#bucket.error(`publish the object ${upload.key}`, error);
      return info;
    }
    return this.#published(upload);
  }

  async #put(
    { id, key }: Upload,
    { file, size, signal }: { readonly file: FileHandle; readonly size: number; readonly signal: AbortSignal },
  ): Promise<void> {
    const { Bucket: bucket, Key } = this.#bucket.object(key);
    const target = {
      client: this.#bucket.client,
      bucket,
      key: Key,
      mediaType: mediaTypeOf(key),
      metadata: { [uploadIdName]: id },
      buffers: this.#buffers,
      signal,
    };
    await uploadFile(file, size, { ...target, conditional: true }).catch((error: unknown) => {
      if (s3Failure(error).problem !== 'not-supported') throw error;
      return uploadFile(file, size, { ...target, conditional: false });
    });
  }
}
