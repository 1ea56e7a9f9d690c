import {
  DeleteObjectCommand,
  type HeadObjectCommandOutput,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { CodedError } from '../../../errors/coded-error.ts';
import type { ObjectInfo } from '../../../ports/object-store.ts';
import { assertObjectKey, isObjectKey } from '../object-key.ts';
import { createS3Client, type S3Connection, timeoutsOf } from './s3-client.ts';
import { type S3Ref, s3Error } from './s3-errors.ts';
import { s3Failure } from './s3-failure.ts';
import { headObject } from './s3-head.ts';

export interface S3BucketOptions extends S3Connection {
  readonly bucket: string;
  /** Beginning of all keys; a slash is put behind it. */
  readonly prefix?: string | undefined;
}

/** S3 takes keys of 1024 bytes, of which 255 are those of an object. */
const longestPrefix = 700;

/** The objects of a bucket below a prefix that no key leaves, by their keys below it. */
export class S3Bucket {
  readonly client: S3Client;
  readonly name: string;
  /** Beginning of all keys in the bucket; empty or with a slash at its end. */
  readonly root: string;
  /** Longest silence of a connection, in milliseconds. */
  readonly idleMs: number;
  /** Longest time of a call that carries no content, in milliseconds. */
  readonly callMs: number;
  readonly #ref: S3Ref;

  /** Throws RangeError for a text that cannot be a prefix. */
  constructor(options: S3BucketOptions) {
    const { bucket, endpoint, region } = options;
    const { callMs, idleMs } = timeoutsOf(options);
    this.name = bucket;
    this.root = rootOf(options.prefix);
    this.client = createS3Client(options);
    this.idleMs = idleMs;
    this.callMs = callMs;
    this.#ref = { bucket, endpoint, region };
  }

  /** What a command names an object by. Throws `INVALID_REQUEST` for a text that is no key. */
  object(key: string): { readonly Bucket: string; readonly Key: string } {
    return { Bucket: this.name, Key: this.root + assertObjectKey(key) };
  }

  /** A failed call as a coded error; `action` is a verb phrase, such as "remove the object a.mp4". */
  error(action: string, error: unknown): CodedError {
    return s3Error(action, error, this.#ref);
  }

  async head(key: string): Promise<HeadObjectCommandOutput | undefined> {
    const object = this.object(key);
    try {
      return await headObject(this.client, object, { ...this.#limit(), explained: (error) => !isMissing(error) });
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw this.error(`look for the object ${key}`, error);
    }
  }

  async remove(key: string): Promise<void> {
    await this.client.send(new DeleteObjectCommand(this.object(key)), this.#limit()).catch((error: unknown) => {
      if (!isMissing(error)) throw this.error(`remove the object ${key}`, error);
    });
  }

  async *list(prefix: string): AsyncGenerator<ObjectInfo> {
    let token: string | undefined;
    do {
      const page = await this.#page(prefix, token);
      for (const { Key = '', Size, LastModified, ETag } of page.Contents ?? []) {
        const key = Key.slice(this.root.length);
        if (isObjectKey(key)) yield describeObject(key, { ContentLength: Size, LastModified, ETag });
      }
      token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
  }

  /** Rejects with `STORAGE_UNAVAILABLE` when the bucket cannot be used: no such bucket, no access, no answer. */
  async check(): Promise<void> {
    // A list names the cause of its failure; an answer to HEAD has no body.
    const command = new ListObjectsV2Command({ Bucket: this.name, Prefix: this.root, MaxKeys: 1 });
    await this.client.send(command, this.#limit()).catch((error: unknown) => {
      throw this.error('list its objects', error);
    });
  }

  async #page(prefix: string, token: string | undefined): Promise<ListObjectsV2CommandOutput> {
    const more = token === undefined ? {} : { ContinuationToken: token };
    const command = new ListObjectsV2Command({ Bucket: this.name, Prefix: this.root + prefix, ...more });
    return this.client.send(command, this.#limit()).catch((error: unknown) => {
      throw this.error('list the objects', error);
    });
  }

  #limit(): { readonly abortSignal: AbortSignal } {
    return { abortSignal: AbortSignal.timeout(this.callMs) };
  }
}

type ObjectHead = {
  readonly [K in 'ContentLength' | 'LastModified' | 'ETag']?: HeadObjectCommandOutput[K] | undefined;
};

export function describeObject(key: string, { ContentLength = 0, LastModified, ETag = '' }: ObjectHead): ObjectInfo {
  const etag = ETag.replace(/^(?:W\/)?"(.*)"$/, '$1');
  return { key, bytes: ContentLength, modifiedAt: LastModified?.getTime() ?? 0, etag };
}

function isMissing(error: unknown): boolean {
  return s3Failure(error).problem === 'no-object';
}

function rootOf(prefix = ''): string {
  const trimmed = prefix.replace(/\/+$/, '');
  if (trimmed === '') return '';
  const parts = trimmed.split('/');
  if (Buffer.byteLength(trimmed) > longestPrefix || parts.some((part) => /^(\.{0,2}|.*[\\\p{Cc}].*)$/u.test(part))) {
    throw new RangeError(
      `Expected a prefix of at most ${longestPrefix} bytes in parts between single slashes, got ${JSON.stringify(prefix.slice(0, 80))}`,
    );
  }
  return `${trimmed}/`;
}
