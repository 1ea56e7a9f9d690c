import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CodedError } from '../../../src/errors/coded-error.ts';
import { boxesIn, findBox } from '../../../src/media/mp4/boxes.ts';
import { ascii, concatBytes } from '../../../src/media/mp4/bytes.ts';
import { fullBox, makeBox, uint32 } from '../../../src/media/mp4/make-box.ts';

describe('boxes', () => {
  it('that were written are found by their path', () => {
    const bytes = concatBytes([
      makeBox('ftyp', ascii('iso6')),
      makeBox('moov', makeBox('trak', fullBox('tkhd', 1, 3, uint32(7)))),
    ]);
    expect(boxesIn(bytes).map(({ type, start, end }) => [type, start, end])).toEqual([
      ['ftyp', 0, 12],
      ['moov', 12, 44],
    ]);
    const found = findBox(bytes, ['moov', 'trak', 'tkhd']);
    expect([...bytes.subarray(found?.content, found?.end)]).toEqual([1, 0, 0, 3, 0, 0, 0, 7]);
    expect(findBox(bytes, ['moov', 'mvhd'])).toBeUndefined();
  });

  it('of 64-bit length and of length 0 reach where they say', () => {
    const long = concatBytes([uint32(1), ascii('mdat'), uint32(0, 20), uint32(9)]);
    expect(boxesIn(long)).toEqual([{ type: 'mdat', start: 0, content: 16, end: 20 }]);
    const rest = concatBytes([uint32(0), ascii('mdat'), uint32(1, 2, 3)]);
    expect(boxesIn(rest)).toEqual([{ type: 'mdat', start: 0, content: 8, end: 20 }]);
  });

  it('of any bytes end, or are rejected with a coded error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          const boxes = boxesIn(bytes);
          expect(boxes.every(({ start, end }) => end > start)).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(CodedError);
        }
      }),
    );
  });
});
