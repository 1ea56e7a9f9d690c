import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fullJitter } from '../../../../src/adapters/kubernetes/client/backoff.ts';

const options = { baseMs: 100, maxMs: 1_000 };

it('doubles the longest wait with each failure, up to a limit', () => {
  expect([1, 2, 3, 4, 5, 1_000].map((failures) => fullJitter(failures, options, 1))).toEqual([
    100, 200, 400, 800, 1_000, 1_000,
  ]);
});

it('waits between 0 and that limit', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10_000 }), fc.double({ min: 0, max: 1, noNaN: true }), (failures, random) => {
      const wait = fullJitter(failures, options, random);
      expect(wait).toBeGreaterThanOrEqual(0);
      expect(wait).toBeLessThanOrEqual(fullJitter(failures, options, 1));
    }),
  );
  expect(fullJitter(9, options, 0)).toBe(0);
});
