import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { CodedError, toCodedError } from '../../../errors/coded-error.ts';

export interface S3Read {
  readonly client: S3Client;
  readonly bucket: string;
  /** As the bucket has it. */
  readonly key: string;
  /** Both ends included; the whole when absent. */
  readonly range?: { readonly start: number; readonly end: number } | undefined;
  /** The object has to be this one. */
  readonly etag?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Longest silence within the content, in milliseconds. */
  readonly idleMs: number;
}

/** Connections in a row that deliver no byte before a read fails. */
const fruitlessTries = 3;

/**
 * Content as it arrives. After a cut connection the read continues on another one from the first missing byte, as long as
 * the object is the same. Resolves when the first connection has content; rejects, as its reading does, with the client's error or
 * `STORAGE_UNAVAILABLE`.
 */
export async function readObject(read: S3Read): Promise<AsyncIterableIterator<Uint8Array>> {
  let body = await openBody(read, 0);
  let received = 0;
  let fruitless = 0;

  const iterator: AsyncIterableIterator<Uint8Array> = {
    async next() {
      for (;;) {
        try {
          const piece = await beforeSilence(body.content.next(), read);
          if (piece.done === true) {
            if (received < body.expected) throw tooShort(body.expected, received);
            return { value: undefined, done: true };
          }
          received += piece.value.byteLength;
          fruitless = 0;
          return piece;
        } catch (error) {
          body.destroy();
          read.signal?.throwIfAborted();
          fruitless += 1;
          if (fruitless >= fruitlessTries) throw error;
          body = { ...(await openBody({ ...read, etag: body.etag }, received)), expected: body.expected };
        }
      }
    },
    return() {
      body.destroy();
      return Promise.resolve({ value: undefined, done: true });
    },
    [Symbol.asyncIterator]: () => iterator,
  };
  return iterator;
}

interface Body {
  readonly content: AsyncIterator<Uint8Array, void>;
  readonly destroy: () => void;
  /** Bytes of the whole read. */
  readonly expected: number;
  readonly etag: string | undefined;
}

/** Opens the part of the content that follows the first `received` bytes. */
async function openBody(read: S3Read, received: number): Promise<Body> {
  const { client, bucket, key, range, etag, signal } = read;
  const from = (range?.start ?? 0) + received;
  const part = range === undefined && received === 0 ? undefined : `bytes=${from}-${range?.end ?? ''}`;
  const answer = await client.send(
    new GetObjectCommand({
      Bucket: bucket,
      Key: key,
      ...(part !== undefined && { Range: part }),
      ...(etag !== undefined && { IfMatch: etag }),
    }),
    { ...(signal && { abortSignal: signal }) },
  );
  const stream = answer.Body;
  if (stream === undefined || !(Symbol.asyncIterator in stream)) {
    throw new CodedError('STORAGE_UNAVAILABLE', 'Expected content from the S3 server, got an answer without a body');
  }
  const destroy = (): void => {
    if ('destroy' in stream && typeof stream.destroy === 'function') stream.destroy();
  };
  // The stream may fail after its reader has ended, and an unhandled error would end the process.
  if ('on' in stream && typeof stream.on === 'function') stream.on('error', () => undefined);
  // A server that ignores ranges would send the beginning again.
  if (part !== undefined && !(answer.ContentRange ?? '').startsWith(`bytes ${from}-`)) {
    destroy();
    throw new CodedError(
      'STORAGE_UNAVAILABLE',
      `Expected the bytes from ${from} on, got the range ${answer.ContentRange ?? 'from 0'}`,
    );
  }
  return {
    content: bytesOf(stream)[Symbol.asyncIterator](),
    destroy,
    expected: received + (answer.ContentLength ?? 0),
    etag: etag ?? answer.ETag,
  };
}

async function* bytesOf(stream: AsyncIterable<unknown>): AsyncGenerator<Uint8Array, void> {
  for await (const piece of stream) {
    if (!(piece instanceof Uint8Array)) throw new TypeError('Expected bytes from the S3 client, got something else');
    yield piece;
  }
}

/** The next piece; rejects when none comes for `idleMs`, since such a connection is as good as cut. */
async function beforeSilence<T>(next: Promise<T>, { idleMs, signal }: S3Read): Promise<T> {
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const silent = setTimeout(() => reject(silence(idleMs)), idleMs);
  const aborted = (): void => reject(toCodedError(signal?.reason));
  signal?.addEventListener('abort', aborted, { once: true });
  try {
    return await Promise.race([next, ended]);
  } finally {
    clearTimeout(silent);
    signal?.removeEventListener('abort', aborted);
    // Its rejection is not awaited after the time limit.
    next.catch(() => undefined);
  }
}

function silence(idleMs: number): CodedError {
  return new CodedError('STORAGE_UNAVAILABLE', `The S3 server sent no content for ${idleMs} ms`);
}

function tooShort(expected: number, received: number): CodedError {
  return new CodedError('STORAGE_UNAVAILABLE', `Expected ${expected} bytes from the S3 server, got ${received}`);
}

/** The same content, whose failures are converted by `coded`. */
export function withCodedErrors(
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
