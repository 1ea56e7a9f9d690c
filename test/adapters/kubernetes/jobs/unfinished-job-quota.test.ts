import { describe, expect, it } from 'vitest';
import { UnfinishedJobQuota } from '../../../../src/adapters/kubernetes/jobs/unfinished-job-quota.ts';

const place = (key: string, owner = 'ann') => ({ owner, key, most: 2 });

describe('places among the unfinished jobs of an owner', () => {
  it('are taken by creations under way, and come back when those end', () => {
    const places = new UnfinishedJobQuota();
    const cached = (): boolean => false;
    const giveBack = places.take(place('a'), 0, cached);
    expect(giveBack).toBeTypeOf('function');
    expect(places.take(place('b'), 0, cached)).toBeTypeOf('function');
    expect(places.take(place('c'), 0, cached)).toBeUndefined();
    giveBack?.();
    expect(places.take(place('c'), 0, cached)).toBeTypeOf('function');
  });

  it('count once when the cache has the job before the answer is here', () => {
    const places = new UnfinishedJobQuota();
    expect(places.take(place('a'), 0, () => false)).toBeTypeOf('function');
    expect(places.take(place('b'), 1, (key) => key === 'a')).toBeTypeOf('function');
    expect(places.take(place('c'), 1, (key) => key === 'a')).toBeUndefined();
  });

  it('are those of each owner alone', () => {
    const places = new UnfinishedJobQuota();
    for (const key of ['a', 'b']) places.take(place(key), 0, () => false);
    expect(places.take(place('c', 'bob'), 0, () => false)).toBeTypeOf('function');
  });
});
