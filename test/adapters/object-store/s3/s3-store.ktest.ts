import { once } from 'node:events';
import { readdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { request } from 'undici';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createS3Client } from '../../../../src/adapters/object-store/s3/s3-client.ts';
import { S3Store } from '../../../../src/adapters/object-store/s3/s3-store.ts';
import { objectStoreContract } from '../../../contract/object-store.ts';
import { describeWithPrograms } from '../../../support/cluster.ts';
import { createS3Bench, type S3Bench } from '../../../support/s3-harness.ts';

describeWithPrograms('s3', 'a store in a bucket', (paths) => {
  let bench: S3Bench;
  beforeAll(async () => {
    bench = await createS3Bench(paths);
  });
  afterAll(() => bench[Symbol.asyncDispose]());

  objectStoreContract('the S3 store', async () => ({ store: await bench.store(), close: () => Promise.resolve() }));
  objectStoreContract('the S3 store below a prefix', async () => ({
    store: await bench.store({ prefix: 'team/renders/' }),
    close: () => Promise.resolve(),
  }));

  const put = async (store: S3Store, key: string, content: string): Promise<void> => {
    const upload = await store.createUpload(key);
    await writeFile(upload.path, content);
    await store.publish(upload);
  };
  const keysOf = async (bucket: string): Promise<(string | undefined)[]> => {
    const client = createS3Client(bench.connection);
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
    client.destroy();
    return Contents.map(({ Key }) => Key);
  };

  it('keeps all keys below its prefix, and sees none of what lies beside it', async () => {
    const bucket = await bench.bucket();
    const store = await bench.store({ bucket, prefix: 'ours' });
    const all = await bench.store({ bucket });
    await put(all, 'ours-not.txt', 'x');
    await put(all, 'secret.txt', 'x');
    await put(store, 'a.txt', 'a');
    expect(await keysOf(bucket)).toEqual(['ours-not.txt', 'ours/a.txt', 'secret.txt']);
    expect((await Array.fromAsync(store.list(''))).map(({ key }) => key)).toEqual(['a.txt']);
    expect(await store.stat('secret.txt')).toBeUndefined();
    await store.remove('secret.txt');
    expect(await keysOf(bucket)).toContain('secret.txt');
  });

  it.each(['/a', 'a//b', '../a', 'a/..', '.', 'a\nb', 'a\\b', 'x'.repeat(701)])('rejects the prefix %j', (prefix) => {
    expect(() => new S3Store({ ...bench.connection, bucket: 'any', uploadDir: '/nowhere', prefix })).toThrow(
      RangeError,
    );
  });

  it('passes over objects that others have put there under keys that are none of ours', async () => {
    const bucket = await bench.bucket();
    const store = await bench.store({ bucket });
    const client = createS3Client(bench.connection);
    for (const Key of ['ümläut.txt', '.hidden', `${'k'.repeat(200)}/${'l'.repeat(200)}`, 'mine.txt']) {
      await client.send(new PutObjectCommand({ Bucket: bucket, Key, Body: 'x' }));
    }
    client.destroy();
    expect((await Array.fromAsync(store.list(''))).map(({ key }) => key)).toEqual(['mine.txt']);
  });

  it('lists more objects than one page has', async () => {
    const bucket = await bench.bucket();
    const store = await bench.store({ bucket });
    const client = createS3Client(bench.connection);
    const names = Array.from({ length: 1003 }, (_, index) => `n-${String(index).padStart(4, '0')}`);
    for (let at = 0; at < names.length; at += 100) {
      await Promise.all(
        names.slice(at, at + 100).map((Key) => client.send(new PutObjectCommand({ Bucket: bucket, Key, Body: 'x' }))),
      );
    }
    client.destroy();
    expect((await Array.fromAsync(store.list('n-'))).map(({ key }) => key)).toEqual(names);
  });

  it('publishes the same upload twice as one object: a lost answer causes no conflict', async () => {
    const store = await bench.store();
    const upload = await store.createUpload('a.txt');
    await writeFile(upload.path, 'hello');
    const first = await store.publish(upload);
    await writeFile(upload.path, 'hello');
    expect(await store.publish(upload)).toEqual(first);
  });

  it('leaves no upload after a publication', async () => {
    const store = await bench.store();
    const upload = await store.createUpload('a.txt');
    await writeFile(upload.path, 'hello');
    await store.publish(upload);
    expect(await readdir(dirname(upload.path))).toEqual([]);
  });

  it('signs URLs that anyone can read from until they expire, with the type of the file', async () => {
    const store = await bench.store();
    await put(store, 'clip.mp4', '0123456789');
    const url = await store.urlFor('clip.mp4', { expiresSeconds: 30 });
    expect(new URL(url).searchParams.get('X-Amz-Expires')).toBe('30');
    const answer = await request(url, { headers: { range: 'bytes=2-4' } });
    expect([answer.statusCode, await answer.body.text()]).toEqual([206, '234']);
    expect(answer.headers['content-type']).toBe('video/mp4');
    expect((await request(url.replace('clip.mp4', 'other.mp4'))).statusCode).toBe(403);
  });

  it('signs for a week at most, whatever is asked for', async () => {
    const store = await bench.store();
    const expiry = async (expiresSeconds: number): Promise<string | null> =>
      new URL(await store.urlFor('a.mp4', { expiresSeconds })).searchParams.get('X-Amz-Expires');
    expect([await expiry(1e9), await expiry(0), await expiry(-5)]).toEqual(['604800', '1', '1']);
  });

  it('signs for the host that clients see, where that is another one than its own', async () => {
    const store = await bench.store({ publicEndpoint: 'https://media.example.com' });
    expect(await store.urlFor('a.mp4')).toMatch(/^https:\/\/media\.example\.com\/b-\w+\/a\.mp4\?.*X-Amz-Signature=/);
  });

  it('leads playlists through the API, since their segments have names relative to them', async () => {
    const store = await bench.store();
    expect(await store.urlFor('u-1-main.m3u8')).toBe('/assets/u-1-main.m3u8');
    expect(await store.urlFor('u-1-main.mpd')).toBe('/assets/u-1-main.mpd');
  });

  it('leads everything through the API where URLs are to be stable', async () => {
    const store = await bench.store({ urls: 'assets' });
    expect(await store.urlFor('a.mp4')).toBe('/assets/a.mp4');
  });

  it('gives a connection back when a reader goes away', async () => {
    const store = await bench.store();
    await put(store, 'a.bin', 'x'.repeat(4 * 1024 ** 2));
    // More than there are connections.
    for (let reader = 0; reader < 70; reader += 1) {
      const content = Readable.from(await store.read('a.bin'));
      if (reader % 2 === 0) await once(content, 'data');
      content.destroy();
    }
    const content = await Array.fromAsync(await store.read('a.bin'));
    expect(content.reduce((bytes, { length }) => bytes + length, 0)).toBe(4 * 1024 ** 2);
  });

  it('says that it can be used', async () => {
    const store = await bench.store();
    await expect(store.check()).resolves.toBeUndefined();
  });
});

describeWithPrograms('s3', 'a store whose bucket is a host of its own', (paths) => {
  let bench: S3Bench;
  beforeAll(async () => {
    bench = await createS3Bench(paths, { virtualDomain: 's3.test' });
  });
  afterAll(() => bench[Symbol.asyncDispose]());

  objectStoreContract('the S3 store with virtual-hosted addressing', async () => ({
    store: await bench.store(),
    close: () => Promise.resolve(),
  }));

  it('names the bucket in the host of its URLs', async () => {
    const bucket = await bench.bucket();
    const store = await bench.store({ bucket });
    expect(new URL(await store.urlFor('a.mp4')).hostname).toBe(`${bucket}.s3.test`);
  });
});
