import { describe, expect, it } from 'vitest';
import { UnfinishedJobQuota } from '../../../../src/adapters/kubernetes/jobs/unfinished-job-quota.ts';

const request = (key: string, owner = 'ann') => ({ owner, key, limit: 2 });
const cached = (unfinished: number, ...keys: string[]) => ({ unfinished, has: (key: string) => keys.includes(key) });

describe('the quota of unfinished jobs', () => {
  it('counts creations in progress until they end', () => {
    const quota = new UnfinishedJobQuota();
    const release = quota.reserve(request('a'), cached(0));
    expect(release).toBeTypeOf('function');
    expect(quota.reserve(request('b'), cached(0))).toBeTypeOf('function');
    expect(quota.reserve(request('c'), cached(0))).toBeUndefined();
    release?.();
    expect(quota.reserve(request('c'), cached(0))).toBeTypeOf('function');
  });

  it('counts a job once when it is in the cache before the answer to its creation', () => {
    const quota = new UnfinishedJobQuota();
    expect(quota.reserve(request('a'), cached(0))).toBeTypeOf('function');
    expect(quota.reserve(request('b'), cached(1, 'a'))).toBeTypeOf('function');
    expect(quota.reserve(request('c'), cached(1, 'a'))).toBeUndefined();
  });

  it('is separate for each owner', () => {
    const quota = new UnfinishedJobQuota();
    for (const key of ['a', 'b']) quota.reserve(request(key), cached(0));
    expect(quota.reserve(request('c', 'bob'), cached(0))).toBeTypeOf('function');
  });
});
