import { afterAll, beforeAll } from 'vitest';
import { ObjectAssetIndex } from '../../../src/adapters/object-store/object-asset-index.ts';
import { systemClock } from '../../../src/lib/system-clock.ts';
import { assetIndexContract } from '../../contract/asset-index.ts';
import { describeWithPrograms } from '../../support/cluster.ts';
import { createS3Bench, type S3Bench } from '../../support/s3-harness.ts';

describeWithPrograms('s3', 'an index of uploads in a bucket', (paths) => {
  let bench: S3Bench;
  beforeAll(async () => {
    bench = await createS3Bench(paths);
  });
  afterAll(() => bench[Symbol.asyncDispose]());

  assetIndexContract('objects of S3', async () => {
    const bucket = await bench.bucket();
    const index = async (): Promise<ObjectAssetIndex> =>
      new ObjectAssetIndex({ objects: await bench.store({ bucket }), clock: systemClock });
    return {
      index: await index(),
      other: await index(),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  });
});
