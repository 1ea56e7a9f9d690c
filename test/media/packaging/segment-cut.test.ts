import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { segmentCutter } from '../../../src/media/packaging/segment-cut.ts';

/** Numbers of the samples that begin a segment, of samples of one length. */
function starts(boundaries: Parameters<typeof segmentCutter>[0], seconds: number, count: number, key = 1): number[] {
  const begins = segmentCutter(boundaries);
  return Array.from({ length: count }, (_, index) => index).filter((index) =>
    begins(index * seconds, seconds, index % key === 0),
  );
}

describe('a track is cut', () => {
  it('at the key frame on the boundary, whatever the rounding of 29.97 frames per second', () => {
    const frame = 1001 / 30_000;
    const every = 180 * frame;
    expect(starts({ every }, frame, 180 * 500, 60)).toEqual(Array.from({ length: 500 }, (_, index) => index * 180));
  });

  it('at the next key frame where none is on the boundary', () => {
    expect(starts({ every: 2 }, 0.04, 400, 70)).toEqual([0, 70, 140, 210, 280, 350]);
  });

  it('where another track is, at the nearest audio packet', () => {
    const packet = 1024 / 48_000;
    const found = starts({ every: 2, at: [0, 2, 4, 6] }, packet, 470);
    expect(found.map((index) => index * packet).map((time) => Math.round(time * 10) / 10)).toEqual([0, 2, 4, 6, 8, 10]);
  });

  it('into segments that go on when the other track has ended', () => {
    expect(starts({ every: 2, at: [0, 2] }, 0.5, 20)).toEqual([0, 4, 8, 12, 16]);
  });

  it('without a segment of its own for what comes before 0', () => {
    const begins = segmentCutter({ every: 2 });
    const packet = 1024 / 48_000;
    expect([-packet, 0, packet, 2].map((time) => begins(time, packet, true))).toEqual([true, false, false, true]);
  });

  it('nearer to each boundary than a sample is long, for any lengths', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1, max: 20, noNaN: true }),
        fc.double({ min: 0.01, max: 0.2, noNaN: true }),
        (every, packet) => {
          const found = starts({ every }, packet, 500);
          for (const [number, index] of found.entries())
            expect(Math.abs(index * packet - number * every)).toBeLessThanOrEqual(packet / 2 + 1e-6);
        },
      ),
    );
  });
});
