import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load-config.ts';
import type { Verb } from '../../src/config/setting.ts';

const enough = {
  FRAMEWRIGHT_KUBECONFIG: 'config',
  FRAMEWRIGHT_POOLS_FILE: 'pools.yaml',
  FRAMEWRIGHT_S3_BUCKET: 'renders',
};

describe('the settings of a cluster', () => {
  it('are complete with a way to the API server, pools and one object store', () => {
    expect(loadConfig({}, enough, 'operator')).toMatchObject({
      s3: { bucket: 'renders' },
      lease: { retrySeconds: 2 },
    });
    expect(loadConfig({}, enough, 'api')).toMatchObject({ s3: { forcePathStyle: false, prefix: '' } });
  });

  it('report everything that is missing in one error', () => {
    expect(() => loadConfig({}, {}, 'operator')).toThrow(
      /^FRAMEWRIGHT_KUBECONFIG: expected a kubeconfig.*\nFRAMEWRIGHT_POOLS_FILE: expected a file, but it is not set\nFRAMEWRIGHT_OBJECTS_DIR: expected a folder or FRAMEWRIGHT_S3_BUCKET.*, got neither$/,
    );
  });

  it.each([
    ['both stores', { FRAMEWRIGHT_OBJECTS_DIR: '/o' }, /FRAMEWRIGHT_OBJECTS_DIR: expected either .* got both/],
    [
      'S3 without a bucket',
      { FRAMEWRIGHT_S3_BUCKET: '', FRAMEWRIGHT_OBJECTS_DIR: '/o', FRAMEWRIGHT_S3_REGION: 'a' },
      /FRAMEWRIGHT_S3_BUCKET: expected a bucket/,
    ],
    [
      'a login in the URL of an S3 server',
      { FRAMEWRIGHT_S3_ENDPOINT: 'http://me:hunter2@s3' },
      /^(?!.*hunter2)FRAMEWRIGHT_S3_ENDPOINT: expected http:\/\/HOST:PORT/,
    ],
    ['a path in an S3 endpoint of jobs', { FRAMEWRIGHT_S3_ENDPOINTS: 'http://a,http://b/c' }, /S3_ENDPOINTS: expected/],
    ['URLs that never expire', { FRAMEWRIGHT_S3_URL_SECONDS: '604801' }, /from 1 to 604800/, 'api'],
    ['a claim without a folder', { FRAMEWRIGHT_OBJECTS_CLAIM: 'a' }, /FRAMEWRIGHT_OBJECTS_CLAIM: expected/],
    ['credentials without a server', { FRAMEWRIGHT_NATS_CREDENTIALS_FILE: 'a' }, /expected FRAMEWRIGHT_NATS_URL/],
    ['a lease that is shorter than its deadline', { FRAMEWRIGHT_LEASE_SECONDS: '5' }, /got 2, 10 and 5 s/],
    ['an invalid namespace', { FRAMEWRIGHT_NAMESPACE: 'A_b' }, /FRAMEWRIGHT_NAMESPACE: expected a name/],
    ['a NATS server by HTTP', { FRAMEWRIGHT_NATS_URL: 'http://nats' }, /expected nats:\/\//],
    ['a prefix from the root', { FRAMEWRIGHT_S3_PREFIX: '/a' }, /without a slash at its start/],
    ['a NATS server by its name', { FRAMEWRIGHT_NATS_URL: 'nats://a:4222,b:4222' }, /expected nats:\/\//],
  ] as const)('are rejected with %s', (_case, environment, message, verb: Verb = 'operator') => {
    expect(() => loadConfig({}, { ...enough, ...environment }, verb)).toThrow(message);
  });

  it('may name an S3 server for inputs although the object store is a folder', () => {
    const store = {
      FRAMEWRIGHT_S3_BUCKET: '',
      FRAMEWRIGHT_OBJECTS_DIR: '/o',
      FRAMEWRIGHT_S3_ENDPOINT: 'http://s3:9000/',
    };
    const config = loadConfig({}, { ...enough, ...store, FRAMEWRIGHT_S3_SOURCE_BUCKETS: 'films, clips/a' }, 'operator');
    expect(config).toMatchObject({ s3: { endpoint: 'http://s3:9000', sourceBuckets: ['films', 'clips/a'] } });
  });

  it('never show the password of a NATS server that cannot be used', () => {
    const environment = { ...enough, FRAMEWRIGHT_NATS_URL: 'nats://me:hunter2@a b' };
    expect(() => loadConfig({}, environment, 'operator')).toThrow(/^(?!.*hunter2)FRAMEWRIGHT_NATS_URL: expected nats/);
  });

  it('take several NATS servers and a user', () => {
    const url = 'nats://me:hunter2@a:4222,tls://b';
    expect(loadConfig({}, { ...enough, FRAMEWRIGHT_NATS_URL: `${url}/` }, 'operator').nats.url).toBe(url);
  });
});
