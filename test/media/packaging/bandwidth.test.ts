import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { averageBandwidth, peakBandwidth } from '../../../src/media/packaging/bandwidth.ts';

const load = (seconds: number, bytes: number): { seconds: number; bytes: number } => ({ seconds, bytes });

describe('the bandwidth of segments', () => {
  it('is on average all bits over all seconds', () => {
    expect(averageBandwidth([load(6, 6000), load(4, 2000)])).toBe(6400);
    expect(averageBandwidth([])).toBe(0);
  });

  it('is at its peak that of the heaviest segment', () => {
    expect(peakBandwidth([load(6, 6000), load(6, 9000), load(6, 3000)], 6)).toBe(12_000);
  });

  it('does not count a last segment of less than half the target by itself', () => {
    expect(peakBandwidth([load(6, 6000), load(1, 10_000)], 6)).toBe(Math.ceil((16_000 * 8) / 7));
  });

  it('counts short segments together', () => {
    expect(peakBandwidth([load(2, 100), load(2, 5000), load(2, 100)], 6)).toBe(Math.ceil((5100 * 8) / 4));
  });

  it('of less than half the target altogether is that of the whole', () => {
    expect(peakBandwidth([load(1, 1000)], 6)).toBe(8000);
  });

  it('is never less at its peak than on average, for segments near the target', () => {
    const loads = fc.array(fc.record({ seconds: fc.double({ min: 3.1, max: 6, noNaN: true }), bytes: fc.nat(1e6) }), {
      minLength: 1,
    });
    fc.assert(
      fc.property(loads, (segments) => {
        expect(peakBandwidth(segments, 6)).toBeGreaterThanOrEqual(averageBandwidth(segments) - 1);
      }),
    );
  });
});
