import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { byteRange } from '../../../src/api/http/byte-range.ts';

describe('a Range header', () => {
  it.each([
    [undefined, 'whole'],
    ['bytes=0-4', { start: 0, end: 4 }],
    ['bytes=9-', { start: 9, end: 9 }],
    ['bytes=-2', { start: 8, end: 9 }],
    ['bytes= 1 - 2', { start: 1, end: 2 }],
    ['bytes=10-', 'unsatisfiable'],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=3-1', 'whole'],
    ['bytes=1-2,4-5', 'whole'],
    ['bytes=1e1-', 'whole'],
    ['bytes=99999999999999999999-', 'whole'],
  ])('%s of 10 bytes is %j', (header, expected) => {
    expect(byteRange(header, 10)).toEqual(expected);
  });

  it('of an empty file never yields bytes', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(typeof byteRange(`bytes=${text}`, 0)).toBe('string');
      }),
    );
  });

  it('never leaves the file, whatever it says', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.stringMatching(/^bytes=\d{0,5}-\d{0,5}$/)),
        fc.nat({ max: 10_000 }),
        (header, size) => {
          const range = byteRange(header, size);
          if (typeof range === 'string') return;
          expect(range.start).toBeGreaterThanOrEqual(0);
          expect(range.end).toBeGreaterThanOrEqual(range.start);
          expect(range.end).toBeLessThan(size);
        },
      ),
    );
  });
});
