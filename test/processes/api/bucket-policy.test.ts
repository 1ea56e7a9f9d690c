import { describe, expect, it } from 'vitest';
import { type Config, loadConfig } from '../../../src/config/load-config.ts';
import type { RenderJobSpec } from '../../../src/model/job/render-job.ts';
import { bucketCheck, clusterFeatures } from '../../../src/processes/api/bucket-policy.ts';

const config = (other: Record<string, string> = {}): Config['s3'] =>
  loadConfig(
    {},
    {
      FRAMEWRIGHT_KUBECONFIG: 'config',
      FRAMEWRIGHT_POOLS_FILE: 'pools.yaml',
      FRAMEWRIGHT_S3_BUCKET: 'renders',
      FRAMEWRIGHT_S3_ENDPOINT: 'http://s3:9000',
      ...other,
    },
    'api',
  ).s3;

describe('the features of an API in a cluster', () => {
  it('are claims, queues and pod templates, and S3 where a bucket is allowed', () => {
    expect([...clusterFeatures(config())]).toEqual(['pvc', 'queue', 'podTemplate']);
    const allowed = { FRAMEWRIGHT_S3_SOURCE_BUCKETS: 'films', FRAMEWRIGHT_S3_DESTINATION_BUCKETS: 'out' };
    expect([...clusterFeatures(config(allowed))]).toContain('s3Sources');
    expect([...clusterFeatures(config(allowed))]).toContain('s3Destinations');
  });
});

describe('the buckets of a job', () => {
  const check = bucketCheck(
    config({
      FRAMEWRIGHT_S3_SOURCE_BUCKETS: 'films',
      FRAMEWRIGHT_S3_DESTINATION_BUCKETS: 'out/ann',
      FRAMEWRIGHT_S3_ENDPOINTS: 'https://other.example.com',
    }),
  );
  const input = (s3: object): RenderJobSpec => ({ inputs: [{ name: 'a', s3: { bucket: 'films', key: 'a', ...s3 } }] });
  const output = (s3: object): RenderJobSpec => ({
    inputs: [{ name: 'a', asset: 'a.mp4' }],
    output: { destination: { s3: { bucket: 'out', ...s3 } } },
  });

  it.each<RenderJobSpec>([
    input({}),
    input({ endpoint: 'http://s3:9000' }),
    input({ endpoint: 'https://other.example.com', credentialsSecret: 'ann' }),
    output({ prefix: 'ann' }),
    output({ prefix: 'ann/films/' }),
  ])('are accepted: %j', (spec) => {
    expect(() => check(spec)).not.toThrow();
  });

  it.each<[RenderJobSpec, RegExp]>([
    [input({ bucket: 'renders' }), /allowed buckets, got renders/],
    [output({}), /allowed buckets, got out/],
    [output({ prefix: 'bob' }), /allowed buckets, got out/],
    [output({ prefix: 'ann/../bob' }), /without the parts/],
    [input({ endpoint: 'http://10.0.0.1', credentialsSecret: 'ann' }), /endpoint, got 10\.0\.0\.1/],
    // The worker's own session token would go there.
    [input({ endpoint: 'https://other.example.com' }), /credentialsSecret beside an S3 endpoint/],
  ])('are rejected: %j', (spec, message) => {
    expect(() => check(spec)).toThrow(message);
  });
});
