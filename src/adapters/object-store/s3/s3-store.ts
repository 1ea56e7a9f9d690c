import { type FileHandle, open } from 'node:fs/promises';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  type HeadObjectCommandOutput,
  ListObjectsV2Command,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { CodedError } from '../../../errors/coded-error.ts';
import { mediaTypeOf } from '../../../model/job/media-types.ts';
import type { ObjectInfo, ObjectStore, Upload } from '../../../ports/object-store.ts';
import { assertObjectKey, isObjectKey } from '../object-key.ts';
import { storageError } from '../storage-error.ts';
import { createUploadFolder } from '../upload-files.ts';
import { createPartBuffers } from './part-buffers.ts';
import { createS3Client, type S3Connection, timeoutsOf } from './s3-client.ts';
import { s3Error, s3Failure } from './s3-errors.ts';
import { headObject } from './s3-head.ts';
import { readObject } from './s3-read.ts';
import { abandonedUploads } from './s3-sweep.ts';
import { partsInMemory, uploadFile } from './s3-upload.ts';

export interface S3StoreOptions extends S3Connection {
  readonly bucket: string;
  /** Beginning of all keys; a slash is put behind it. */
  readonly prefix?: string | undefined;
  /** Folder of this machine for what is being written. */
  readonly uploadDir: string;
  /** Endpoint under which clients reach the server; `endpoint` when absent. */
  readonly publicEndpoint?: string | undefined;
  /** `presigned`: URLs lead to the S3 server; `assets`: to the API, which passes the content on. */
  readonly urls?: 'presigned' | 'assets' | undefined;
  /** How long presigned URLs work, where nobody says. */
  readonly urlSeconds?: number | undefined;
}

/** An ObjectStore in a bucket. */
export interface S3Store extends ObjectStore {
  /** Rejects with `STORAGE_UNAVAILABLE` when the bucket cannot be used: not there, no access, no answer. */
  check(): Promise<void>;
  /** Removes abandoned uploads, here and in the bucket, unchanged since `olderThan` (Unix milliseconds). */
  sweep(olderThan: number): Promise<number>;
}

/** S3 takes keys of 1024 bytes, of which 255 are those of an object. */
const longestPrefix = 700;
/** SigV4 knows no longer time: 7 days. */
const longestUrlSeconds = 604_800;
/** Metadata that holds the id of the upload: by it a repeated publication recognises its own object. */
const uploadIdName = 'framewright-upload';

/**
 * Objects in a bucket, below a prefix that no key leaves. Nothing is replaced: a taken key is found before the upload,
 * and again by the server (`If-None-Match: *`) where it knows that condition. Throws RangeError for a prefix that is none.
 */
export function createS3Store(options: S3StoreOptions): S3Store {
  const { bucket, endpoint, region, urls = 'presigned', urlSeconds = 3600 } = options;
  const client = createS3Client(options);
  const publicClient =
    options.publicEndpoint === undefined ? client : createS3Client({ ...options, endpoint: options.publicEndpoint });
  const uploads = createUploadFolder(options.uploadDir);
  const { callMs, idleMs } = timeoutsOf(options);
  const root = rootOf(options.prefix);
  const buffers = createPartBuffers(partsInMemory);
  const place = { bucket, endpoint, region };

  const inBucket = (key: string): string => root + assertObjectKey(key);
  const deadline = (): { abortSignal: AbortSignal } => ({ abortSignal: AbortSignal.timeout(callMs) });

  const head = async (key: string): Promise<HeadObjectCommandOutput | undefined> => {
    const Key = inBucket(key);
    const isMissing = (error: unknown): boolean => s3Failure(error).problem === 'no-object';
    try {
      return await headObject(
        client,
        { Bucket: bucket, Key },
        { ...deadline(), explained: (error) => !isMissing(error) },
      );
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw s3Error(`look for the object ${key}`, error, place);
    }
  };

  /** The object that an upload has become; `undefined` when there is none, `CONFLICT` when it is of another upload. */
  const published = async (upload: Upload): Promise<ObjectInfo | undefined> => {
    const found = await head(upload.key);
    if (found === undefined) return undefined;
    if (found.Metadata?.[uploadIdName] === upload.id) return describe(upload.key, found);
    throw new CodedError('CONFLICT', `Expected no object ${upload.key}, got one that was published before`);
  };

  const send = async (upload: Upload, file: FileHandle, bytes: number, signal: AbortSignal): Promise<void> => {
    const target = {
      client,
      bucket,
      key: inBucket(upload.key),
      mediaType: mediaTypeOf(upload.key),
      metadata: { [uploadIdName]: upload.id },
      buffers,
      signal,
    };
    await uploadFile(file, bytes, { ...target, conditional: true }).catch((error: unknown) => {
      if (s3Failure(error).problem !== 'not-supported') throw error;
      return uploadFile(file, bytes, { ...target, conditional: false });
    });
  };

  return {
    async stat(key) {
      const found = await head(key);
      return found && describe(key, found);
    },

    async read(key, range) {
      const doing = `read the object ${key}`;
      const outside = 'Expected a range within the object, got another';
      const read = { client, bucket, key: inBucket(key), range, idleMs };
      if (range !== undefined && (range.start < 0 || range.start > range.end)) {
        throw new CodedError('RANGE_NOT_SATISFIABLE', outside);
      }
      const coded = (error: unknown): CodedError => {
        const { problem } = s3Failure(error);
        if (problem === 'bad-range') return new CodedError('RANGE_NOT_SATISFIABLE', outside);
        if (problem === 'no-object') return new CodedError('NOT_FOUND', `Expected the object ${key}, got none`);
        return s3Error(doing, error, place);
      };
      const content = await readObject(read).catch((error: unknown) => {
        throw coded(error);
      });
      return withErrors(content, coded);
    },

    createUpload: uploads.create,

    async publish(upload, { signal = new AbortController().signal } = {}) {
      uploads.assertOwn(upload);
      const doing = `publish the object ${upload.key}`;
      const file = await open(upload.path).catch((error: unknown) => {
        throw storageError(doing, error);
      });
      try {
        const { size } = await file.stat();
        const before = await published(upload);
        if (before === undefined) {
          await send(upload, file, size, signal).catch(async (error: unknown) => {
            signal.throwIfAborted();
            // The answer may have been lost after the object had come to be, and a refusal may be meant for its repetition.
            if ((await published(upload)) === undefined) throw s3Error(doing, error, place);
          });
        }
        const info = before ?? (await published(upload));
        if (info?.bytes !== size) {
          throw new CodedError(
            'STORAGE_UNAVAILABLE',
            `Expected an object of ${size} bytes, got ${info?.bytes ?? 'none'}`,
          );
        }
        await uploads.discard(upload);
        return info;
      } finally {
        await file.close();
      }
    },

    discard: uploads.discard,

    async remove(key) {
      const Key = inBucket(key);
      await client.send(new DeleteObjectCommand({ Bucket: bucket, Key }), deadline()).catch((error: unknown) => {
        if (s3Failure(error).problem !== 'no-object') throw s3Error(`remove the object ${key}`, error, place);
      });
    },

    async *list(prefix) {
      let token: string | undefined;
      do {
        const page = await client
          .send(
            new ListObjectsV2Command({
              Bucket: bucket,
              Prefix: root + prefix,
              ...(token !== undefined && { ContinuationToken: token }),
            }),
            deadline(),
          )
          .catch((error: unknown) => {
            throw s3Error('list the objects', error, place);
          });
        for (const { Key = '', Size = 0, LastModified, ETag = '' } of page.Contents ?? []) {
          const key = Key.slice(root.length);
          if (!isObjectKey(key)) continue;
          yield { key, bytes: Size, modifiedAt: LastModified?.getTime() ?? 0, etag: bareTag(ETag) };
        }
        token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
      } while (token !== undefined);
    },

    async urlFor(key, { expiresSeconds = urlSeconds } = {}) {
      const Key = inBucket(key);
      // What a playlist leads to is named relative to it, and a signature is good for one object only.
      if (urls === 'assets' || isPlaylist(key)) {
        return `/assets/${key.split('/').map(encodeURIComponent).join('/')}`;
      }
      const expiresIn = Math.max(1, Math.min(longestUrlSeconds, Math.floor(expiresSeconds)));
      try {
        return await getSignedUrl(publicClient, new GetObjectCommand({ Bucket: bucket, Key }), { expiresIn });
      } catch (error) {
        throw s3Error(`sign a URL for the object ${key}`, error, place);
      }
    },

    async check() {
      // A list names the cause of its failure; an answer to HEAD has no body.
      const command = new ListObjectsV2Command({ Bucket: bucket, Prefix: root, MaxKeys: 1 });
      await client.send(command, deadline()).catch((error: unknown) => {
        throw s3Error('list its objects', error, place);
      });
    },

    async sweep(olderThan) {
      const taken = await abandonedUploads({ client, bucket, root, olderThan, callMs }).catch((error: unknown) => {
        throw s3Error('take back abandoned uploads', error, place);
      });
      return taken + (await uploads.sweep(olderThan));
    },
  };
}

function describe(key: string, { ContentLength = 0, LastModified, ETag = '' }: HeadObjectCommandOutput): ObjectInfo {
  return { key, bytes: ContentLength, modifiedAt: LastModified?.getTime() ?? 0, etag: bareTag(ETag) };
}

/** The beginning of all keys; empty or with a slash at its end. */
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

function bareTag(tag: string): string {
  return tag.replace(/^(?:W\/)?"(.*)"$/, '$1');
}

function isPlaylist(key: string): boolean {
  return /\.(m3u8|mpd)$/.test(key);
}

/** The same content, whose failures are coded errors. */
function withErrors(
  content: AsyncIterableIterator<Uint8Array>,
  coded: (error: unknown) => CodedError,
): AsyncIterableIterator<Uint8Array> {
  const iterator: AsyncIterableIterator<Uint8Array> = {
    next: () =>
      content.next().catch((error: unknown) => {
        throw coded(error);
      }),
    return: () => content.return?.() ?? Promise.resolve({ value: undefined, done: true }),
    [Symbol.asyncIterator]: () => iterator,
  };
  return iterator;
}
