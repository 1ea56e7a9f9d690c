import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createS3Client } from '../../../../src/adapters/object-store/s3/s3-client.ts';
import type { S3Store, S3StoreOptions } from '../../../../src/adapters/object-store/s3/s3-store.ts';
import { fetchObject } from '../../../../src/adapters/sources/s3-fetch.ts';
import { CodedError } from '../../../../src/errors/coded-error.ts';
import type { Upload } from '../../../../src/ports/object-store.ts';
import { freePort } from '../../../cluster/control-plane/free-port.ts';
import { describeWithPrograms } from '../../../support/cluster.ts';
import { createS3Bench, type S3Bench } from '../../../support/s3-harness.ts';
import { TcpProxy } from '../../../support/tcp-proxy.ts';

const run = promisify(execFile);
const mebibyte = 1024 ** 2;
const timeouts = { connectMs: 1000, idleMs: 500, callMs: 5000, tries: 2 };

describeWithPrograms('s3', 'a bucket behind a network that fails', (paths) => {
  let bench: S3Bench;
  let proxy: TcpProxy;
  let client: S3Client;
  let bucket: string;
  let store: S3Store;
  const content = randomBytes(4 * mebibyte);
  const large = randomBytes(20 * mebibyte);

  beforeAll(async () => {
    bench = await createS3Bench(paths);
    client = createS3Client(bench.connection);
  });
  afterAll(async () => {
    client.destroy();
    await bench[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    proxy = await TcpProxy.before(bench.server.endpoint);
    bucket = await bench.bucket();
    store = await through();
  });
  afterEach(() => proxy[Symbol.asyncDispose]());

  const through = (options: Partial<S3StoreOptions> = {}): Promise<S3Store> =>
    bench.store({ bucket, endpoint: proxy.url, timeouts, ...options });
  const put = async (key: string, bytes: Uint8Array): Promise<void> => {
    await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: bytes }));
  };
  const createUpload = async (key: string, bytes: Uint8Array): Promise<Upload> => {
    const upload = await store.createUpload(key);
    await writeFile(upload.path, bytes);
    return upload;
  };
  const read = async (key: string): Promise<Buffer> => Buffer.concat(await Array.fromAsync(await store.read(key)));
  const unfinished = async (): Promise<number> =>
    (await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }))).Uploads?.length ?? 0;
  const problem = async (work: Promise<unknown>): Promise<CodedError> => {
    const error = await work.then(
      () => new Error('Expected the call to fail, but it succeeded'),
      (reason: unknown) => reason,
    );
    if (error instanceof CodedError) return error;
    throw error;
  };

  it('goes on reading where a connection was cut', async () => {
    await put('a.bin', content);
    let cuts = 0;
    proxy.decide = ({ to, before }) => (to === 'client' && before > mebibyte && cuts++ < 3 ? 'cut' : 'pass');
    expect((await read('a.bin')).equals(content)).toBe(true);
    expect(cuts).toBeGreaterThan(2);
  });

  it('goes on reading where a connection went silent', async () => {
    await put('a.bin', content);
    let silenced = false;
    proxy.decide = ({ to, before }) => {
      if (to === 'server' || before < mebibyte || silenced) return 'pass';
      silenced = true;
      return 'silence';
    };
    expect((await read('a.bin')).equals(content)).toBe(true);
  });

  it('never joins the parts of two objects', async () => {
    // Larger than all socket buffers on the way: a small object may have passed the proxy before anything is cut.
    await put('a.bin', large);
    const reading = await store.read('a.bin');
    await put('a.bin', randomBytes(large.length));
    let cut = false;
    proxy.decide = () => {
      if (cut) return 'pass';
      cut = true;
      return 'cut';
    };
    expect(await problem(Array.fromAsync(reading))).toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    expect(cut).toBe(true);
  });

  it('ends a read that no connection brings on', async () => {
    await put('a.bin', content);
    let answers = 0;
    proxy.decide = ({ to }) => (to === 'client' && answers++ > 0 ? 'cut' : 'pass');
    expect(await problem(read('a.bin'))).toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
  });

  it('fetches an input whole though connections are cut, and only the one that it has looked up', async () => {
    await put('ünter/a b.bin', large);
    let cuts = 0;
    proxy.decide = ({ to, before }) => (to === 'client' && before > 2 * mebibyte && cuts++ < 4 ? 'cut' : 'pass');
    const destination = join(await bench.folder(), 'input');
    const options = { ...bench.connection, endpoint: proxy.url, timeouts, bucket, destination };
    const signal = new AbortController().signal;
    const bytes = await fetchObject({ ...options, key: 'ünter/a b.bin', maxBytes: 1e9, signal });
    expect(bytes).toBe(large.length);
    expect(
      createHash('sha256')
        .update(await readFile(destination))
        .digest('hex'),
    ).toBe(createHash('sha256').update(large).digest('hex'));
  });

  it('says that the disk is full when an input does not fit', async () => {
    await put('a.bin', content);
    const options = { ...bench.connection, timeouts, bucket, key: 'a.bin', destination: '/dev/full', maxBytes: 1e9 };
    const fetching = fetchObject({ ...options, signal: new AbortController().signal });
    expect(await problem(fetching)).toMatchObject({ code: 'STORAGE_FULL' });
  });

  it('uploads a large file though a connection is cut in the middle', async () => {
    let cuts = 0;
    proxy.decide = ({ to, before }) => (to === 'server' && before > 3 * mebibyte && cuts++ < 1 ? 'cut' : 'pass');
    const info = await store.publish(await createUpload('large.bin', large));
    expect(info.bytes).toBe(large.length);
    expect(cuts).toBeGreaterThan(0);
    expect((await read('large.bin')).equals(large)).toBe(true);
    expect(await unfinished()).toBe(0);
  });

  it('makes nothing visible and leaves no parts when an upload cannot be finished', async () => {
    proxy.decide = ({ to, before }) => (to === 'server' && before > 3 * mebibyte ? 'cut' : 'pass');
    const upload = await createUpload('large.bin', large);
    expect(await problem(store.publish(upload))).toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    expect(await store.stat('large.bin')).toBeUndefined();
    expect(await unfinished()).toBe(0);
    // The file is still there: nothing was lost, and the same publication can be tried again.
    proxy.decide = () => 'pass';
    expect(await store.publish(upload)).toMatchObject({ bytes: large.length });
  });

  it('removes the parts of an upload that is aborted', async () => {
    const abort = new AbortController();
    let sent = 0;
    proxy.decide = ({ to, bytes }) => {
      if (to === 'server') sent += bytes.length;
      if (sent > 15 * mebibyte) abort.abort(new CodedError('INTERRUPTED', 'stopped'));
      return 'pass';
    };
    const upload = await createUpload('large.bin', Buffer.concat([large, large]));
    expect(await problem(store.publish(upload, { signal: abort.signal }))).toMatchObject({ code: 'INTERRUPTED' });
    expect(await store.stat('large.bin')).toBeUndefined();
    expect(await unfinished()).toBe(0);
  });

  it.each([
    ['a small object', content.subarray(0, 1000), /^PUT /],
    ['a large one', large, /^POST [^ ]*uploadId=/],
  ])('publishes %s whose answer is lost as what it is: its own', async (_what, bytes, asked) => {
    let answer = '';
    proxy.decide = ({ to, connection, bytes: passing }) => {
      if (to === 'server' && answer === '' && asked.test(passing.toString('latin1', 0, 300))) answer = `${connection}`;
      // The server has done it by the time it answers.
      if (to !== 'client' || answer !== `${connection}`) return 'pass';
      answer = 'lost';
      return 'cut';
    };
    expect(await store.publish(await createUpload('a.bin', bytes))).toMatchObject({ bytes: bytes.length });
    expect(answer).toBe('lost');
    expect(await unfinished()).toBe(0);
  });

  it('lets one of two parallel uploads of a large object under one key win', async () => {
    const [one, two] = [large, randomBytes(large.length)];
    const ends = await Promise.allSettled(
      [one, two].map(async (bytes) => {
        const own = await through();
        const upload = await own.createUpload('large.bin');
        await writeFile(upload.path, bytes);
        return own.publish(upload);
      }),
    );
    const won = ends.findIndex(({ status }) => status === 'fulfilled');
    expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(ends[1 - won]).toMatchObject({ reason: { code: 'CONFLICT' } });
    expect((await read('large.bin')).equals(won === 0 ? one : two)).toBe(true);
    expect(await unfinished()).toBe(0);
  });

  it('rejects an upload whose file becomes shorter meanwhile', async () => {
    const upload = await createUpload('large.bin', large);
    proxy.decide = ({ to, before }) => {
      if (to === 'server' && before > mebibyte) void truncate(upload.path, 1000);
      return 'pass';
    };
    const outcome = await store.publish(upload).catch((error: unknown) => error);
    // Should all of it have been read already, it is the whole.
    if (outcome instanceof Error) {
      expect(outcome).toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
      expect(await store.stat('large.bin')).toBeUndefined();
    } else expect((await read('large.bin')).equals(large)).toBe(true);
    expect(await unfinished()).toBe(0);
  });

  it('sweeps abandoned uploads, and no others', async () => {
    const below = await through({ prefix: 'ours' });
    for (const Key of ['ours/a.bin', 'theirs/a.bin']) {
      await client.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key }));
    }
    expect(await below.sweep(Date.now() - 3_600_000)).toBe(0);
    expect(await below.sweep(Date.now() + 60_000)).toBe(1);
    expect(await unfinished()).toBe(1);
  });

  it('uploads 200 MB in parts without holding them in memory', async () => {
    const file = join(await bench.folder(), 'large.bin');
    await writeFile(file, '');
    await truncate(file, 200 * mebibyte);
    const { accessKeyId, secretAccessKey, endpoint } = bench.server;
    const upload = join(import.meta.dirname, '../../../fixtures/s3-upload.ts');
    const { stdout } = await run(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', upload, file, bucket, endpoint],
      {
        env: { ...process.env, AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey },
      },
    );
    expect(Number(stdout)).toBeLessThan(80 * mebibyte);
    expect(await store.stat('large.bin')).toMatchObject({ bytes: 200 * mebibyte });
  });

  describe('says what is wrong and what to do about it, and never a secret, when', () => {
    const { accessKeyId, secretAccessKey } = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'hunter2' };

    it.each<[string, () => Promise<Partial<S3StoreOptions>>, RegExp, RegExp]>([
      [
        'the bucket is not there',
        async () => ({ bucket: 'no-such-bucket' }),
        /a bucket no-such-bucket at/,
        /FRAMEWRIGHT_S3_BUCKET/,
      ],
      [
        'the key is unknown',
        async () => ({ credentials: { accessKeyId, secretAccessKey } }),
        /access to the bucket/,
        /credentials/,
      ],
      [
        'the secret is wrong',
        async () => ({ credentials: { accessKeyId: bench.server.accessKeyId, secretAccessKey } }),
        /access to the bucket .*got SignatureDoesNotMatch/,
        /credentials/,
      ],
      [
        'the server is unavailable',
        async () => ({ endpoint: `http://127.0.0.1:${await freePort()}` }),
        /got ECONNREFUSED/,
        /./,
      ],
      [
        'its host is unknown',
        async () => ({ endpoint: 'http://s3.invalid' }),
        /s3\.invalid.*got (ENOTFOUND|EAI_AGAIN)/,
        /./,
      ],
      [
        'the region is another',
        async () => ({ region: 'elsewhere-1' }),
        /in the region elsewhere-1/,
        /FRAMEWRIGHT_S3_REGION/,
      ],
    ])('%s', async (_what, options, message, remedy) => {
      const broken = await bench.store({ bucket, timeouts, ...(await options()) });
      const upload = await broken.createUpload('a.txt');
      await writeFile(upload.path, 'x');
      for (const work of [() => broken.check(), () => broken.publish(upload), () => broken.read('a.txt')]) {
        const error = await problem(work());
        expect(error.code).toBe('STORAGE_UNAVAILABLE');
        expect(error.message).toMatch(message);
        expect(error.remedy).toMatch(remedy);
        const { cause } = error;
        const text = `${error.message} ${error.remedy} ${cause instanceof Error ? JSON.stringify(cause) + cause.message : ''}`;
        expect(text).not.toMatch(/hunter2|AKIDEXAMPLE|Signature=|AWS4-HMAC/);
      }
    });

    it('nothing answers', async () => {
      proxy.decide = () => 'silence';
      expect(await problem(store.check())).toMatchObject({
        code: 'STORAGE_UNAVAILABLE',
        message: expect.stringMatching(/an answer from the S3 server 127\.0\.0\.1:\d+/) as unknown,
      });
    });
  });

  it('corrects a clock that is an hour late by that of the server', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 3_600_000 });
    try {
      await expect(store.check()).resolves.toBeUndefined();
    } finally {
      vi.useRealTimers();
    }
  });
});
