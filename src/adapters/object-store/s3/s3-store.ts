import { CodedError } from '../../../errors/coded-error.ts';
import type { ObjectInfo, ObjectStore, Upload } from '../../../ports/object-store.ts';
import { UploadFolder } from '../upload-folder.ts';
import { describeObject, S3Bucket, type S3BucketOptions } from './s3-bucket.ts';
import { s3Failure } from './s3-failure.ts';
import { S3Publisher } from './s3-publish.ts';
import { readObject, withCodedErrors } from './s3-read.ts';
import { abortAbandonedUploads } from './s3-sweep.ts';
import { type S3UrlOptions, S3Urls } from './s3-urls.ts';

export interface S3StoreOptions extends S3BucketOptions, S3UrlOptions {
  /** Folder of this machine for what is being written. */
  readonly uploadDir: string;
}

/** An ObjectStore in a bucket. */
export class S3Store implements ObjectStore {
  readonly #bucket: S3Bucket;
  readonly #uploads: UploadFolder;
  readonly #publisher: S3Publisher;
  readonly #urls: S3Urls;

  /** Throws RangeError for a text that cannot be a prefix. */
  constructor(options: S3StoreOptions) {
    this.#bucket = new S3Bucket(options);
    this.#uploads = new UploadFolder(options.uploadDir);
    this.#publisher = new S3Publisher(this.#bucket);
    this.#urls = new S3Urls(this.#bucket, options);
  }

  async stat(key: string): Promise<ObjectInfo | undefined> {
    const found = await this.#bucket.head(key);
    return found && describeObject(key, found);
  }

  async read(
    key: string,
    range?: { readonly start: number; readonly end: number },
  ): Promise<AsyncIterable<Uint8Array>> {
    const { client, idleMs } = this.#bucket;
    const { Bucket: bucket, Key } = this.#bucket.object(key);
    if (range !== undefined && (range.start < 0 || range.start > range.end)) throw notSatisfiable(key);
    const coded = (error: unknown): CodedError => this.#readError(key, error);
    const content = await readObject({ client, bucket, key: Key, range, idleMs }).catch((error: unknown) => {
      throw coded(error);
    });
    return withCodedErrors(content, coded);
  }

  async createUpload(key: string): Promise<Upload> {
    return this.#uploads.create(key);
  }

  async publish(
    upload: Upload,
    { signal = new AbortController().signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<ObjectInfo> {
    this.#uploads.assertOwn(upload);
    const info = await this.#publisher.publish(upload, signal);
    await this.#uploads.discard(upload);
    return info;
  }

  async discard(upload: Upload): Promise<void> {
    await this.#uploads.discard(upload);
  }

  async remove(key: string): Promise<void> {
    await this.#bucket.remove(key);
  }

  list(prefix: string): AsyncIterable<ObjectInfo> {
    return this.#bucket.list(prefix);
  }

  async urlFor(key: string, { expiresSeconds }: { readonly expiresSeconds?: number } = {}): Promise<string> {
    return this.#urls.urlOf(key, expiresSeconds);
  }

  /** Rejects with `STORAGE_UNAVAILABLE` when the bucket cannot be used: no such bucket, no access, no answer. */
  async check(): Promise<void> {
    await this.#bucket.check();
  }

  /** Removes abandoned uploads, of this machine and of the bucket, unchanged since `olderThan` (Unix milliseconds). */
  async sweep(olderThan: number): Promise<number> {
    const aborted = await abortAbandonedUploads(this.#bucket, olderThan);
    return aborted + (await this.#uploads.sweep(olderThan));
  }

  #readError(key: string, error: unknown): CodedError {
    const { problem } = s3Failure(error);
    if (problem === 'bad-range') return notSatisfiable(key);
    if (problem === 'no-object') {
      return new CodedError('NOT_FOUND', `Expected the object ${key}, but it does not exist`);
    }
    return this.#bucket.error(`read the object ${key}`, error);
  }
}

function notSatisfiable(key: string): CodedError {
  return new CodedError('RANGE_NOT_SATISFIABLE', `Expected a range within the object ${key}, got one outside of it`);
}
