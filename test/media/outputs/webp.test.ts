import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseWebpAnimation } from '../../../src/media/outputs/webp.ts';

function chunk(tag: string, content: readonly number[]): number[] {
  const size = content.length;
  return [...Buffer.from(tag), size % 256, Math.floor(size / 256), 0, 0, ...content, ...(size % 2 === 1 ? [0] : [])];
}

function file(...chunks: number[][]): Uint8Array {
  const body = [...Buffer.from('WEBP'), ...chunks.flat()];
  return Uint8Array.from([...Buffer.from('RIFF'), body.length % 256, Math.floor(body.length / 256), 0, 0, ...body]);
}

const header = chunk('VP8X', [2, 0, 0, 0, 63, 1, 0, 179, 0, 0]);

describe('an animated WebP file', () => {
  it('has its size and number of frames', () => {
    const bytes = file(header, chunk('ANIM', [0, 0, 0, 0, 0, 0]), chunk('ANMF', [1, 2, 3]), chunk('ANMF', [4]));
    expect(parseWebpAnimation(bytes)).toEqual({ width: 320, height: 180, frames: 2 });
  });

  it('is none when it is cut off anywhere, or another file', () => {
    const bytes = file(header, chunk('ANMF', [1, 2, 3, 4]), chunk('ANMF', [5, 6]));
    for (let length = 0; length < bytes.length; length += 1) {
      expect(parseWebpAnimation(bytes.subarray(0, length))).toBeUndefined();
    }
    expect(parseWebpAnimation(Buffer.from('RIFF....WAVEfmt ............................'))).toBeUndefined();
  });

  it('is a plain one where nothing moves', () => {
    const lossy = file(chunk('VP8 ', [0, 0, 0, 0x9d, 0x01, 0x2a, 64, 1, 180, 0, 0, 0]));
    expect(parseWebpAnimation(lossy)).toEqual({ width: 320, height: 180, frames: 1 });
    // 14 bits each of width and height, less 1.
    const sizes = 319 | (179 << 14);
    const lossless = file(
      chunk('VP8L', [0x2f, sizes & 255, (sizes >> 8) & 255, (sizes >> 16) & 255, sizes >> 24, 0, 0, 0, 0, 0]),
    );
    expect(parseWebpAnimation(lossless)).toEqual({ width: 320, height: 180, frames: 1 });
  });

  it('may be any bytes without harm', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (content) => {
        const bytes = file(header, [...content]);
        expect(parseWebpAnimation(bytes)?.width ?? 320).toBe(320);
      }),
    );
  });
});
