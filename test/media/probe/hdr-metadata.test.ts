import { describe, expect, it } from 'vitest';
import { hdrMetadataOf, svtAv1HdrOptions, x265HdrOptions } from '../../../src/media/probe/hdr-metadata.ts';

/** A display with the primaries of P3, as ffprobe prints it. */
const display = {
  side_data_type: 'Mastering display metadata',
  red_x: '34000/50000',
  red_y: '16000/50000',
  green_x: '13250/50000',
  green_y: '34500/50000',
  blue_x: '7500/50000',
  blue_y: '3000/50000',
  white_point_x: '15635/50000',
  white_point_y: '16450/50000',
  min_luminance: '1/10000',
  max_luminance: '10000000/10000',
};
const light = { side_data_type: 'Content light level metadata', max_content: 900, max_average: 250 };

describe('HDR metadata', () => {
  it('are read from side data in any order, among others', () => {
    expect(hdrMetadataOf([{ side_data_type: 'Display Matrix' }, light, display])).toEqual({
      mastering: {
        red: { x: 0.68, y: 0.32 },
        green: { x: 0.265, y: 0.69 },
        blue: { x: 0.15, y: 0.06 },
        white: { x: 0.3127, y: 0.329 },
        minLuminance: 0.0001,
        maxLuminance: 1000,
      },
      light: { max: 900, average: 250 },
    });
  });

  it.each([
    ['nothing', []],
    ['a luminance of zero by zero', [{ ...display, max_luminance: '0/0' }]],
    ['more light than PQ has', [{ ...display, max_luminance: '20000/1' }]],
    ['a darkest light above the brightest', [{ ...display, min_luminance: '2000/1' }]],
    ['a colour outside of the diagram', [{ ...display, red_x: '3/2' }]],
    ['an unknown display, all zeros', [{ ...display, white_point_x: '0/50000' }]],
    ['text for a number', [{ ...display, red_x: '1/1:evil=1' }]],
    ['half of a display', [{ side_data_type: 'Mastering display metadata', red_x: '1/2' }]],
    ['unknown light levels', [{ ...light, max_content: 0, max_average: 0 }]],
    ['light levels that are no numbers', [{ ...light, max_content: '900' }]],
    ['light levels that do not fit', [{ ...light, max_content: 70_000 }]],
  ])('that say nothing sensible are none: %s', (_what, sideData) => {
    expect(hdrMetadataOf(sideData)).toBeUndefined();
  });

  it('become options of x265 and SVT-AV1 in their units', () => {
    const metadata = hdrMetadataOf([display, light]) ?? {};
    expect(x265HdrOptions(metadata)).toEqual([
      'master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1)',
      'max-cll=900,250',
    ]);
    expect(svtAv1HdrOptions(metadata)).toEqual([
      'mastering-display=G(0.26500,0.69000)B(0.15000,0.06000)R(0.68000,0.32000)WP(0.31270,0.32900)L(1000.0000,0.0001)',
      'content-light=900,250',
    ]);
    expect(x265HdrOptions({ light: { max: 900, average: 250 } })).toEqual(['max-cll=900,250']);
    expect(svtAv1HdrOptions({})).toEqual([]);
  });
});
