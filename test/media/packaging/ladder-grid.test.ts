import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { frameRateOf, ratio } from '../../../src/media/filters/numbers.ts';
import { constantRate, ladderGrid } from '../../../src/media/packaging/ladder-grid.ts';

const at = (fps: number, keyframeInterval?: number) => ({
  frameRate: frameRateOf(fps),
  path: 'spec.output.video',
  ...(keyframeInterval !== undefined && { keyframeInterval }),
});

describe('the grid of a ladder', () => {
  it.each([
    [25, undefined, 6, 2],
    [29.97, undefined, 6.006, 2.002],
    [23.976, undefined, 6.006, 2.002],
    [60, 4, 4, 2],
    [25, 1, 1, 1],
    [30, 20, 20, 2],
    [10, 1.25, 1.3, 1.3],
  ])(
    'at %d frames per second with segments of %d s has segments of %d s and keys every %d s',
    (fps, wanted, length, keys) => {
      const grid = ladderGrid([at(fps)], wanted);
      expect(grid.segmentSeconds).toBeCloseTo(length, 9);
      expect(grid.keyframeInterval).toBeCloseTo(keys, 9);
    },
  );

  it('keeps the shortest distance of key frames that was asked for, and no longer one than a segment', () => {
    expect(ladderGrid([at(25, 2), at(25, 1)], 6)).toEqual({ segmentSeconds: 6, keyframeInterval: 1 });
    expect(ladderGrid([at(25, 60)], 6)).toEqual({ segmentSeconds: 6, keyframeInterval: 6 });
  });

  it('holds for rates that are multiples of one another', () => {
    expect(ladderGrid([at(59.94), at(29.97)]).segmentSeconds).toBeCloseTo(6.006, 9);
    expect(ladderGrid([at(24), at(30)]).segmentSeconds).toBe(6);
  });

  it('rejects rates whose segments never align, with the path of the field', () => {
    expect(() =>
      ladderGrid([
        { ...at(25), path: 'a' },
        { ...at(29.97), path: 'b' },
      ]),
    ).toThrow(expect.objectContaining({ code: 'SPEC_INVALID', details: [expect.objectContaining({ path: 'b.fps' })] }));
  });

  it('is of whole frames and whole groups, near what was wanted, for any rate', () => {
    const rates = fc.constantFrom(10, 12.5, 23.976, 24, 25, 29.97, 30, 50, 59.94, 60, 120, 239.76);
    fc.assert(
      fc.property(
        rates,
        fc.double({ min: 1, max: 20, noNaN: true }),
        fc.option(fc.double({ min: 0.1, max: 60, noNaN: true })),
        (fps, wanted, keys) => {
          const rendition = at(fps, keys ?? undefined);
          const { segmentSeconds, keyframeInterval } = ladderGrid([rendition], wanted);
          const [frames, groups] = [keyframeInterval * ratio(rendition.frameRate), segmentSeconds / keyframeInterval];
          expect(Math.abs(frames - Math.round(frames))).toBeLessThan(1e-6);
          expect(Math.abs(groups - Math.round(groups))).toBeLessThan(1e-6);
          expect(Math.abs(segmentSeconds - wanted)).toBeLessThanOrEqual(keyframeInterval / 2 + 2 / fps);
          if (keys !== null) expect(keyframeInterval).toBeLessThanOrEqual(Math.max(keys, 1 / fps) + 1e-6);
        },
      ),
    );
  });

  it.each([
    [29.87, 29.97],
    [24.99, 25],
    [14, 15],
    [37, 48],
    [119, 119],
  ])('chooses for a mean of %d the constant rate %d', (mean, rate) => {
    expect(constantRate({ num: Math.round(mean * 1000), den: 1000 })).toBeCloseTo(rate, 1);
  });
});
