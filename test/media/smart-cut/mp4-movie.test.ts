import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { contentAt } from '../../../src/media/mp4/boxes.ts';
import { ascii, concatBytes } from '../../../src/media/mp4/bytes.ts';
import { makeBox } from '../../../src/media/mp4/make-box.ts';
import { decodeTimes, movieBox, withConfiguration } from '../../../src/media/smart-cut/mp4-movie.ts';
import { entryHeader, parseTrack } from '../../../src/media/smart-cut/mp4-track.ts';

/** A stream whose frames are reordered within groups. */
const reordered = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 400 }), fc.nat(4)), { minLength: 1, maxLength: 40 })
  .map((frames) => {
    let time = 0;
    const shown = frames.map(([gap, jump]) => ({ pts: (time += gap), jump }));
    return shown
      .map(({ pts, jump }, index) => ({ pts, position: index - jump }))
      .toSorted((a, b) => a.position - b.position)
      .map(({ pts }) => pts);
  });

function entryOf(configuration: Uint8Array): Uint8Array {
  return makeBox(
    'avc1',
    new Uint8Array(entryHeader - 8),
    makeBox('avcC', configuration),
    makeBox('pasp', new Uint8Array(8)),
  );
}

describe('moments of decoding', () => {
  test('ascend and are never later than the frame is shown', () => {
    fc.assert(
      fc.property(reordered, (pts) => {
        const dts = decodeTimes(pts);
        for (const [index, time] of dts.entries()) {
          expect(time).toBeLessThanOrEqual(pts[index] ?? 0);
          if (index > 0) expect(time).toBeGreaterThan(dts[index - 1] ?? 0);
        }
      }),
    );
  });

  test('are the presentation times where frames are not reordered', () => {
    expect(decodeTimes([0, 512, 1024, 9000])).toEqual([0, 512, 1024, 9000]);
    expect(decodeTimes([0, 1536, 512, 1024])).toEqual([-512, 0, 512, 1024]);
  });
});

describe('the index of a movie', () => {
  test('is read back as it was written', () => {
    fc.assert(
      fc.property(reordered, fc.nat(5000), (times, late) => {
        const first = Math.min(...times);
        const pts = times.map((time) => time - first + late);
        const sizes = pts.map((_, index) => index + 7);
        const keys = pts.map((_, index) => index % 5 === 0);
        const configuration = Uint8Array.of(1, 2, 3);
        const end = Math.max(...pts) + 40;
        const track = parseTrack(
          contentAt(
            movieBox({
              timescale: 15_360,
              offset: 5_000_000_000,
              sizes,
              pts,
              keys,
              end,
              entry: entryOf(configuration),
              language: 0x55c4,
              matrix: new Uint8Array(36).fill(7),
              size: Uint8Array.of(1, 64, 0, 0, 0, 180, 0, 0),
            }),
            ['moov'],
          ),
        );
        expect(track.timescale).toBe(15_360);
        expect([...track.samples.pts]).toEqual(pts);
        expect([...track.samples.sizes]).toEqual(sizes);
        expect([...track.samples.keys].map((key) => key === 1)).toEqual(keys);
        expect(track.samples.offsets[1] ?? 5_000_000_007).toBe(5_000_000_007);
        expect(track.lastDuration).toBe(40);
        expect([...track.configuration]).toEqual([...configuration]);
        expect([track.language, track.matrix[0], track.size[1]]).toEqual([0x55c4, 7, 64]);
      }),
    );
  });

  test('a sample entry gets another configuration and keeps its other boxes', () => {
    const changed = withConfiguration(entryOf(Uint8Array.of(1, 2, 3)), Uint8Array.of(9, 9));
    expect(changed.length).toBe(entryOf(Uint8Array.of(1, 2, 3)).length - 1);
    expect(Buffer.from(changed).includes('pasp')).toBe(true);
    expect(Buffer.from(changed).includes(Buffer.from(concatBytes([ascii('avcC'), Uint8Array.of(9, 9)])))).toBe(true);
  });

  test('more than one track, or a truncated box, is rejected', () => {
    expect(() => parseTrack(concatBytes([makeBox('trak'), makeBox('trak')]))).toThrow('expected one track, got 2');
    expect(() => parseTrack(concatBytes([makeBox('trak')]).subarray(0, 7))).toThrow('got 7 bytes at 0');
  });
});
