import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { createS3Client } from '../../src/adapters/object-store/s3/s3-client.ts';
import type { S3Store } from '../../src/adapters/object-store/s3/s3-store.ts';
import { workerEnvironment as names, secretVariables } from '../../src/worker-protocol/environment.ts';
import { describeWithPrograms } from '../support/cluster.ts';
import { createS3Bench, type S3Bench } from '../support/s3-harness.ts';
import { testClip } from '../support/test-clip.ts';
import { type Bench, createBench, stageOf } from '../support/worker-harness.ts';

const run = promisify(execFile);
const cut = [{ trim: { start: 0.5, end: 1.5 } }];

describeWithPrograms('s3', 'a worker whose object store is a bucket', (paths) => {
  let s3: S3Bench;
  let bench: Bench;
  let client: S3Client;
  let clip: Uint8Array;
  let films: string;
  let bucket: string;
  let store: S3Store;

  beforeAll(async () => {
    s3 = await createS3Bench(paths);
    client = createS3Client(s3.connection);
    clip = await testClip({ seconds: 2 });
  });
  afterAll(async () => {
    client.destroy();
    await s3[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    bench = await createBench();
    [films, bucket] = [await s3.bucket(), await s3.bucket()];
    store = await s3.store({ bucket, prefix: 'renders' });
    await client.send(new PutObjectCommand({ Bucket: films, Key: 'public/ümläut 🎬.MP4', Body: clip }));
  });
  afterEach(() => bench.close());

  const environment = (other: Record<string, string> = {}): Record<string, string> => ({
    [names.objectsDir]: '',
    [names.s3Bucket]: bucket,
    [names.s3Prefix]: 'renders',
    [names.s3Endpoint]: s3.server.endpoint,
    [names.s3ForcePathStyle]: 'on',
    [names.s3SourceBuckets]: `${films}/public/`,
    AWS_ACCESS_KEY_ID: s3.server.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.server.secretAccessKey,
    ...other,
  });
  const source = (
    key = 'public/ümläut 🎬.MP4',
    other: object = {},
  ): { name: string; s3: { bucket: string; key: string } } => ({
    name: 'main',
    s3: { bucket: films, key, ...other },
  });
  const keys = async (from = store): Promise<string[]> => (await Array.fromAsync(from.list(''))).map(({ key }) => key);

  it('renders an object of a bucket into another one, to be played from a presigned URL', async () => {
    const here = environment({ [names.installation]: 'here' });
    const worker = bench.start(stageOf({ inputs: [source()], operations: cut }), here);
    expect(await worker.ended).toBe(0);
    const [output] = bench.result().outputs ?? [];
    expect(await keys()).toEqual(['installations/here', 'reports/uid-1.json', 'uid-1-main.mp4']);
    expect(await store.stat('uid-1-main.mp4')).toMatchObject({ bytes: output?.bytes });
    const url = await store.urlFor('uid-1-main.mp4');
    const { stdout } = await run('ffprobe', ['-v', 'error', '-show_entries', 'format=duration', '-of', 'csv=p=0', url]);
    expect(Number(stdout)).toBeCloseTo(1, 1);
    expect(worker.progress.map(({ progress }) => progress.step)).toContain('fetching');
  });

  it('reads an asset of the bucket, writes outputs to its destination, and the report to the bucket', async () => {
    const upload = await store.createUpload('upload.mp4');
    await writeFile(upload.path, clip);
    await store.publish(upload);
    const out = await s3.bucket();
    const output = { destination: { s3: { bucket: out, prefix: 'for/ann' } } };
    const inputs = [{ name: 'main', asset: 'upload.mp4' }];
    const allowed = { [names.s3DestinationBuckets]: `${out}/for/ann` };
    expect(await bench.start(stageOf({ inputs, operations: cut, output }), environment(allowed)).ended).toBe(0);
    expect(await keys()).toEqual(['reports/uid-1.json', 'upload.mp4']);
    expect(await keys(await s3.store({ bucket: out, prefix: 'for/ann' }))).toEqual(['uid-1-main.mp4']);
  });

  it('fails with the reason of the server, and reveals neither secrets nor signatures', async () => {
    const secret = secretVariables(0);
    const wrong = { [secret.accessKeyId]: 'wrong-key-id', [secret.secretAccessKey]: 'hunter2' };
    const inputs = [source(undefined, { credentialsSecret: 'ann' })];
    expect(await bench.start(stageOf({ inputs }), environment(wrong)).ended).toBe(43);
    const [report] = await Array.fromAsync(await store.read('reports/uid-1.json'));
    for (const text of [JSON.stringify(bench.result()), Buffer.from(report ?? []).toString()]) {
      expect(text).toContain('permission to read the object');
      expect(text).not.toMatch(/hunter2|Signature=|AWS4-HMAC|wrong-key-id/);
    }
  });
});
