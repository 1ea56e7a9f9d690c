import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isIndependent } from '../../../src/media/packaging/independent-frame.ts';

/** NAL units with their lengths in four bytes. */
const frame = (...units: readonly (readonly number[])[]): Uint8Array =>
  Uint8Array.from(units.flatMap((unit) => [0, 0, 0, unit.length, ...unit]));

describe('a frame that decodes by itself', () => {
  it.each([
    ['an IDR frame of H.264 after its messages', 'avc1.64001f', frame([6, 1, 2], [0x65, 1]), true],
    ['a recovery point of H.264', 'avc1.64001f', frame([6, 1], [0x41, 1]), false],
    ['an IDR frame of HEVC', 'hvc1.1.6.L93.B0', frame([0x4e, 1], [0x26, 1]), true],
    ['a CRA frame of HEVC', 'hvc1.1.6.L93.B0', frame([0x2a, 1]), false],
    ['nothing but messages', 'avc1.64001f', frame([6, 1]), false],
    ['nothing', 'avc1.64001f', new Uint8Array(0), false],
  ])('%s', (_what, codec, bytes, expected) => {
    expect(isIndependent(bytes, codec, 4)).toBe(expected);
  });

  it('is what the container calls one for codecs without NAL units', () => {
    expect(isIndependent(new Uint8Array(0), 'av01.0.04M.08', undefined)).toBe(true);
  });

  it('is looked for in any bytes without getting lost', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.constantFrom(1, 2, 4), (bytes, size) => {
        expect(typeof isIndependent(bytes, 'hvc1.1.6.L93.B0', size)).toBe('boolean');
      }),
    );
  });
});
