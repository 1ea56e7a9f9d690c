import { describe, expect, it } from 'vitest';
import { graphicsColour, graphicsFilters, graphicsSignal } from '../../../src/media/filters/hdr-graphics.ts';

describe('graphics on HDR video', () => {
  // Table 1 of ITU-R BT.2408: 203 cd/m² are 58 % in PQ and 75 % in HLG.
  it.each([
    ['pq', 0.58],
    ['hlg', 0.75],
  ] as const)('have their white where BT.2408 puts it: %s', (range, signal) => {
    expect(graphicsSignal(1, range)).toBeCloseTo(signal, 2);
    expect(graphicsSignal(0, range)).toBeCloseTo(0, 3);
    expect(graphicsSignal(0.5, range)).toBeLessThan(signal);
  });

  it('keep their colours on SDR, and their hue elsewhere', () => {
    expect(graphicsColour('#ffcc00', 'sdr')).toBe('#ffcc00');
    expect(graphicsFilters('sdr')).toEqual([]);
    expect(graphicsColour('#ffffff', 'pq')).toBe('#949494');
    expect(graphicsColour('#ff0000', 'hlg')).toMatch(/^#bf0000$/);
    expect(graphicsColour('#000000', 'pq')).toBe('#000000');
  });
});
