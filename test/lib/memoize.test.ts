import { expect, it } from 'vitest';
import { type Memory, memoize } from '../../src/lib/memoize.ts';

it('computes the value of a key once, undefined included', () => {
  const memory: Memory<string, number | undefined> = new Map();
  const computed: string[] = [];
  const valueOf = (key: string, value: number | undefined): number | undefined =>
    memoize(memory, key, () => {
      computed.push(key);
      return value;
    });
  expect([valueOf('a', 1), valueOf('a', 2), valueOf('b', undefined), valueOf('b', 3)]).toEqual([
    1,
    1,
    undefined,
    undefined,
  ]);
  expect(computed).toEqual(['a', 'b']);
});
