import { describe, expect, it } from 'vitest';
import { workerEnvironment, workerVariables } from '../../src/worker-protocol/environment.ts';

describe('the variables of a worker', () => {
  it('write lists with commas, booleans as on and off, and numbers in digits', () => {
    const variables = workerVariables({
      scratchDir: '/scratch',
      sourceHosts: ['a.example.com', '*.example.org'],
      s3ForcePathStyle: true,
      maxInputBytes: 1000,
    });
    expect(variables).toEqual({
      FRAMEWRIGHT_SCRATCH_DIR: '/scratch',
      FRAMEWRIGHT_SOURCE_HOSTS: 'a.example.com,*.example.org',
      FRAMEWRIGHT_S3_FORCE_PATH_STYLE: 'on',
      FRAMEWRIGHT_MAX_INPUT_BYTES: '1000',
    });
  });

  it('leave out settings without a value, and keep an empty list, which allows nothing', () => {
    expect(workerVariables({ s3Bucket: undefined, sourceHosts: [] })).toEqual({ FRAMEWRIGHT_SOURCE_HOSTS: '' });
  });

  it('have one name each', () => {
    const names = Object.values(workerEnvironment);
    expect(new Set(names).size).toBe(names.length);
  });
});
