import { describe, expect, it } from 'vitest';
import type { Pool } from '../../../src/adapters/kubernetes/pools/pool.ts';
import { loadConfig } from '../../../src/config/load-config.ts';
import { withStageEnvironment } from '../../../src/processes/cluster/worker-environment.ts';

const pool: Pool = { name: 'cpu', image: 'w', allocation: { type: 'None' }, maxConcurrent: 1 };
const base = { KUBERNETES_SERVICE_HOST: 'a', FRAMEWRIGHT_POOLS_FILE: 'p' };

function environmentOf(environment: Record<string, string>, own: Pool = pool): Record<string, string | undefined> {
  const [first] = withStageEnvironment([own], loadConfig({}, { ...base, ...environment }, 'operator'));
  return Object.fromEntries((first?.environment ?? []).map(({ name, value }) => [name, value]));
}

describe('the environment of workers', () => {
  it('has the folder of the object store, and the claim to mount there', () => {
    const environment = { FRAMEWRIGHT_OBJECTS_DIR: '/objects', FRAMEWRIGHT_OBJECTS_CLAIM: 'renders' };
    expect(environmentOf(environment)).toMatchObject({ FRAMEWRIGHT_OBJECTS_DIR: '/objects' });
    const [first] = withStageEnvironment([pool], loadConfig({}, { ...base, ...environment }, 'operator'));
    expect(first?.objectsVolume).toEqual({ claimName: 'renders', mountPath: '/objects' });
  });

  it('has the bucket and how to reach it, and no folder', () => {
    const environment = environmentOf({
      FRAMEWRIGHT_S3_BUCKET: 'renders',
      FRAMEWRIGHT_S3_ENDPOINT: 'https://s3.example.com/',
      FRAMEWRIGHT_S3_FORCE_PATH_STYLE: 'on',
    });
    expect(environment).toMatchObject({
      FRAMEWRIGHT_S3_BUCKET: 'renders',
      FRAMEWRIGHT_S3_ENDPOINT: 'https://s3.example.com',
      FRAMEWRIGHT_S3_FORCE_PATH_STYLE: 'on',
    });
    expect(environment).not.toHaveProperty('FRAMEWRIGHT_OBJECTS_DIR');
    expect(environment).not.toHaveProperty('FRAMEWRIGHT_S3_REGION');
  });

  it('leaves out what is the default of a worker, but not an empty list of hosts', () => {
    const environment = environmentOf({ FRAMEWRIGHT_S3_BUCKET: 'b', FRAMEWRIGHT_SOURCE_HOSTS: '' });
    expect(Object.keys(environment).toSorted((a, b) => a.localeCompare(b))).toEqual([
      'FRAMEWRIGHT_LOG_LEVEL',
      'FRAMEWRIGHT_MAX_INPUT_BYTES',
      'FRAMEWRIGHT_S3_BUCKET',
      'FRAMEWRIGHT_SOURCE_HOSTS',
    ]);
  });

  it('has no login of the operator', () => {
    const bucket = { FRAMEWRIGHT_S3_BUCKET: 'renders' };
    expect(environmentOf({ ...bucket, FRAMEWRIGHT_NATS_URL: 'nats://nats:4222' })).toMatchObject({
      FRAMEWRIGHT_NATS_URL: 'nats://nats:4222',
    });
    const environment = environmentOf({ ...bucket, FRAMEWRIGHT_NATS_URL: 'nats://a:secret@nats:4222' });
    expect(JSON.stringify(environment)).not.toContain('secret');
  });

  it('is overridden by the environment of the pool', () => {
    const own = { ...pool, environment: [{ name: 'FRAMEWRIGHT_SOURCE_HOSTS', value: 'a.example.com' }] };
    expect(environmentOf({ FRAMEWRIGHT_S3_BUCKET: 'b' }, own)).toMatchObject({
      FRAMEWRIGHT_SOURCE_HOSTS: 'a.example.com',
    });
    const [first] = withStageEnvironment([own], loadConfig({}, { ...base, FRAMEWRIGHT_S3_BUCKET: 'b' }, 'operator'));
    const names = first?.environment?.map(({ name }) => name) ?? [];
    expect(new Set(names).size).toBe(names.length);
  });
});
