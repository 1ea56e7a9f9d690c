import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createProgressEstimator } from '../../../src/media/ffmpeg/progress-estimate.ts';

const parts = [
  { name: 'fetch', weight: 1 },
  { name: 'encode', weight: 8 },
  { name: 'verify', weight: 1 },
];

describe('the estimate', () => {
  it('combines parts by their weights', () => {
    const estimator = createProgressEstimator(parts);
    expect(estimator.advance('fetch', 0.5, 0).percent).toBe(5);
    expect(estimator.advance('encode', 0.5, 1).percent).toBe(50);
    expect(estimator.advance('verify', 1, 2).percent).toBe(100);
  });

  it('has no time left before the rate is known', () => {
    const estimator = createProgressEstimator(parts);
    expect(estimator.advance('fetch', 0, 0)).toEqual({ percent: 0 });
    expect(estimator.advance('fetch', 0, 1000)).toEqual({ percent: 0 });
  });

  it('contains the time left of steady work', () => {
    const estimator = createProgressEstimator([{ name: 'encode', weight: 1 }]);
    estimator.advance('encode', 0, 0);
    expect(estimator.advance('encode', 0.25, 10_000)).toEqual({ percent: 25, etaSeconds: 30 });
  });

  it('follows a change of speed within its window', () => {
    const estimator = createProgressEstimator([{ name: 'encode', weight: 1 }]);
    estimator.advance('encode', 0, 0);
    for (let second = 1; second <= 10; second += 1) estimator.advance('encode', second / 1000, second * 1000);
    let eta = 0;
    for (let second = 11; second <= 40; second += 1) {
      eta = estimator.advance('encode', (10 + (second - 10) * 10) / 1000, second * 1000).etaSeconds ?? 0;
    }
    // At the new speed 690 thousandths are left at 10 a second; the mean over all would say more than 90 s.
    expect(eta).toBeCloseTo(69, 0);
  });

  it('does not fall when the plan turns out to be more work', () => {
    const estimator = createProgressEstimator(parts);
    const before = estimator.advance('encode', 0.5, 0).percent;
    estimator.setParts([...parts, { name: 'second encode', weight: 90 }]);
    expect(estimator.advance('encode', 0.6, 1000).percent).toBe(before);
  });

  it('ignores an unknown part', () => {
    expect(createProgressEstimator(parts).advance('unknown', 1, 0).percent).toBe(0);
  });

  it('stays within 0 and 100, never falls, and has finite times for any input', () => {
    const figure = fc.oneof(fc.double(), fc.double({ min: 0, max: 1 }));
    const updates = fc.tuple(fc.constantFrom('fetch', 'encode', 'verify', 'other'), figure, fc.nat(100_000));
    fc.assert(
      fc.property(fc.array(updates), fc.array(fc.double(), { minLength: 3, maxLength: 3 }), (all, weights) => {
        const estimator = createProgressEstimator(
          parts.map((part, index) => ({ ...part, weight: weights[index] ?? 1 })),
        );
        let now = 0;
        let last = 0;
        for (const [name, fraction, elapsed] of all) {
          now += elapsed;
          const { percent, etaSeconds = 0 } = estimator.advance(name, fraction, now);
          expect(percent).toBeGreaterThanOrEqual(last);
          expect(percent).toBeLessThanOrEqual(100);
          expect(etaSeconds).toBeGreaterThanOrEqual(0);
          expect(Number.isFinite(etaSeconds)).toBe(true);
          last = percent;
        }
      }),
    );
  });
});
