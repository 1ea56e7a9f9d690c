import { describe, expect, it } from 'vitest';
import { vaapiRate } from '../../../src/media/encoders/vaapi-rate.ts';
import type { Rate } from '../../../src/media/encoders/video-target.ts';
import { rateControls } from '../../../src/media/gpu/capabilities.ts';

const bitrate: Rate = { kind: 'bitrate', mean: 2_000_000, max: 3_000_000 };
const quality: Rate = { kind: 'quality', value: 23 };
const limited: Rate = { kind: 'quality', value: 23, max: 4_000_000 };
const args = (rate: Rate, ...offered: readonly (typeof rateControls)[number][]): string | undefined =>
  vaapiRate({ codec: 'h264', rate }, offered)?.join(' ');

describe('the rate control of VA-API', () => {
  it('is variable for a bit rate, and constant where that is all there is', () => {
    expect(args(bitrate, ...rateControls)).toBe('-rc_mode VBR -b:v 2000000 -maxrate 3000000 -bufsize 6000000');
    expect(args(bitrate, 'CQP', 'CBR')).toBe('-rc_mode CBR -b:v 2000000 -bufsize 4000000');
  });

  it('is ICQ for a quality, and a constant quantizer where that is all there is', () => {
    expect(args(quality, ...rateControls)).toBe('-rc_mode ICQ -global_quality 23');
    expect(args(quality, 'CQP', 'VBR')).toBe('-rc_mode CQP -global_quality 23');
  });

  it('is QVBR for a quality below a highest rate, and a rate where that is all there is', () => {
    const rates = '-b:v 3000000 -maxrate 4000000 -bufsize 8000000';
    expect(args(limited, ...rateControls)).toBe(`-rc_mode QVBR -global_quality 23 ${rates}`);
    expect(args(limited, 'CQP', 'ICQ', 'VBR')).toBe(`-rc_mode VBR ${rates}`);
    expect(args(limited, 'CQP', 'CBR')).toBe('-rc_mode CBR -b:v 3000000 -bufsize 6000000');
  });

  it('is not possible for a bit rate with quantizers alone', () => {
    expect(args(bitrate, 'CQP', 'ICQ')).toBeUndefined();
    expect(args(limited, 'CQP', 'ICQ')).toBeUndefined();
    expect(args(bitrate)).toBeUndefined();
  });

  it('is the customary one where the driver did not say', () => {
    expect(vaapiRate({ codec: 'h264', rate: bitrate })).toContain('VBR');
    expect(vaapiRate({ codec: 'h264', rate: quality })).toContain('CQP');
  });

  it.each([
    ['h264', 23],
    ['hevc', 27],
    ['av1', 140],
    ['vp9', 129],
  ] as const)("means quality 23 of %s by quantizer %d, on the codec's own scale", (codec, quantizer) => {
    expect(vaapiRate({ codec, rate: quality }, ['CQP'])).toEqual([
      '-rc_mode',
      'CQP',
      '-global_quality',
      String(quantizer),
    ]);
  });

  it.each(['h264', 'hevc', 'av1', 'vp9'] as const)(
    'keeps the ends of the scale of %s within what it takes',
    (codec) => {
      const most = codec === 'av1' || codec === 'vp9' ? 255 : 51;
      for (const value of [0, 1, 51]) {
        for (const control of ['CQP', 'ICQ'] as const) {
          const found = vaapiRate({ codec, rate: { kind: 'quality', value } }, [control]);
          const got = Number(found?.at(-1));
          expect(got).toBeGreaterThanOrEqual(1);
          expect(got).toBeLessThanOrEqual(control === 'ICQ' ? 51 : most);
        }
      }
    },
  );
});
