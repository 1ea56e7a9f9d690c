import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CodedError } from '../../../src/errors/coded-error.ts';
import { concatBytes } from '../../../src/media/mp4/bytes.ts';
import { fullBox, makeBox, uint32 } from '../../../src/media/mp4/make-box.ts';
import { isSync, type Sample, samplesOf } from '../../../src/media/packaging/fragment.ts';
import { fragmentsOf } from '../../../src/media/packaging/segment-bytes.ts';

const key = 0x02000000;
const delta = 0x01010000;
const none = { duration: 0, size: 0, flags: 0 };

/** Frames in decoding order, one after the other in their file. */
const frames = fc
  .array(
    fc.record({
      duration: fc.integer({ min: 1, max: 100_000 }),
      size: fc.integer({ min: 0, max: 1_000_000 }),
      composition: fc.integer({ min: -50_000, max: 50_000 }),
      flags: fc.constantFrom(key, delta),
    }),
    { minLength: 1, maxLength: 40 },
  )
  .map((raw) => {
    let [decode, offset] = [90_000, 4096];
    return raw.map((frame): Sample => {
      const sample = { ...frame, decode, offset };
      decode += frame.duration;
      offset += frame.size;
      return sample;
    });
  });

describe('movie fragments', () => {
  it('that were written are read as the same samples, where their bytes will be', () => {
    fc.assert(
      fc.property(frames, fc.boolean(), (samples, video) => {
        let position = 24;
        const read = fragmentsOf(samples, 1, 1, video).flatMap(({ head, size, samples: own }) => {
          const found = samplesOf(head.subarray(0, head.length - 8), position, none);
          const payload = position + head.length;
          expect(found[0]?.offset).toBe(payload);
          expect(found.at(-1)?.offset).toBe(
            payload + own.slice(0, -1).reduce((sum, { size: bytes }) => sum + bytes, 0),
          );
          position += size;
          return found.map((sample, index) => ({ ...sample, offset: own[index]?.offset ?? 0 }));
        });
        expect(read).toEqual(samples);
      }),
    );
  });

  it('hold a video key frame alone, and audio together', () => {
    fc.assert(
      fc.property(frames, (samples) => {
        for (const { samples: own } of fragmentsOf(samples, 1, 1, true))
          expect(own.some(isSync) ? own.length : 1).toBe(1);
        expect(fragmentsOf(samples, 1, 1, false)).toHaveLength(1);
      }),
    );
  });

  it('of a video with one key frame in an hour do not overflow the stack', () => {
    const samples = Array.from(
      { length: 200_000 },
      (_, index): Sample => ({
        decode: index,
        duration: 1,
        composition: index % 3,
        size: 10,
        flags: index === 0 ? key : delta,
        offset: index * 10,
      }),
    );
    const [first, rest] = fragmentsOf(samples, 1, 1, true);
    expect(first?.samples).toHaveLength(1);
    const head = rest?.head ?? new Uint8Array(0);
    expect(samplesOf(head.subarray(0, head.length - 8), 0, none)).toHaveLength(199_999);
  });

  it('take what they do not say from the track', () => {
    const tfhd = fullBox('tfhd', 0, 0x020000, uint32(1));
    const tfdt = fullBox('tfdt', 0, 0, uint32(500));
    const trun = fullBox('trun', 0, 0x000005, uint32(2, 100, key));
    const moof = makeBox('moof', makeBox('traf', tfhd, tfdt, trun));
    expect(samplesOf(moof, 1000, { duration: 40, size: 7, flags: delta })).toEqual([
      { decode: 500, duration: 40, composition: 0, size: 7, flags: key, offset: 1100 },
      { decode: 540, duration: 40, composition: 0, size: 7, flags: delta, offset: 1107 },
    ]);
  });

  it.each([
    ['without a time', [fullBox('tfhd', 0, 0x020000, uint32(1))]],
    ['without a header', [fullBox('tfdt', 0, 0, uint32(0))]],
    [
      'that count from the start of the file',
      [fullBox('tfhd', 0, 1, uint32(1, 0, 0)), fullBox('tfdt', 0, 0, uint32(0))],
    ],
    [
      'that promise more samples than they list',
      [
        fullBox('tfhd', 0, 0x020000, uint32(1)),
        fullBox('tfdt', 0, 0, uint32(0)),
        fullBox('trun', 0, 0x000201, uint32(0xffffffff, 0)),
      ],
    ],
  ])('%s are rejected', (_what, parts) => {
    expect(() => samplesOf(makeBox('moof', makeBox('traf', concatBytes(parts))), 0, none)).toThrow(CodedError);
  });

  it('of any bytes are samples or a coded error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
        try {
          samplesOf(makeBox('moof', makeBox('traf', bytes)), 0, none);
        } catch (error) {
          expect(error).toBeInstanceOf(CodedError);
        }
      }),
    );
  });
});
