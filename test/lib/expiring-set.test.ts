import { describe, expect, it } from 'vitest';
import { ExpiringSet } from '../../src/lib/expiring-set.ts';

describe('an expiring set', () => {
  it('removes the least recently used key when it has too many', () => {
    const keys = new ExpiringSet({ maxSize: 2, maxAgeMs: 1000 });
    expect([keys.touch('a', 0), keys.touch('b', 1), keys.touch('a', 2), keys.touch('c', 3)]).toEqual([
      [],
      [],
      [],
      ['b'],
    ]);
    expect(['a', 'b', 'c'].map((key) => keys.has(key))).toEqual([true, false, true]);
  });

  it('removes keys that were not used for too long', () => {
    const keys = new ExpiringSet({ maxSize: 10, maxAgeMs: 1000 });
    for (const [key, at] of [
      ['a', 0],
      ['b', 500],
    ] as const)
      keys.touch(key, at);
    expect(keys.touch('c', 1000)).toEqual([]);
    expect(keys.touch('c', 1501)).toEqual(['a', 'b']);
  });

  it('deletes a key on request', () => {
    const keys = new ExpiringSet({ maxSize: 1, maxAgeMs: 1000 });
    keys.touch('a', 0);
    keys.delete('a');
    expect(keys.touch('b', 1)).toEqual([]);
  });
});
