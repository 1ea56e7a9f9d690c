import type { RateControl } from '../gpu/capabilities.ts';
import { type EncodedCodec, meanBelow, type Rate, type VideoTarget } from './video-target.ts';

/** What every driver offered before FFmpeg could list it, for a device whose list is unknown. */
const customary: readonly RateControl[] = ['CQP', 'CBR', 'VBR'];

/**
 * Arguments that make a VA-API encoder keep to a rate, by the best control that the driver offers; `undefined` when it
 * offers none that could. The control is always named: FFmpeg's own choice may be AVBR, which ignores the highest rate.
 *
 * @param offered as the driver lists them; absent where it was not asked.
 */
export function vaapiRate(
  { codec, rate }: Pick<VideoTarget, 'codec' | 'rate'>,
  offered: readonly RateControl[] = customary,
): string[] | undefined {
  const wanted = rate.kind === 'bitrate' ? bitrateControls(rate) : qualityControls(codec, rate);
  return wanted.find(({ control }) => offered.includes(control))?.args;
}

interface Wanted {
  readonly control: RateControl;
  readonly args: string[];
}

function bitrateControls({ mean, max }: Extract<Rate, { kind: 'bitrate' }>): Wanted[] {
  // A constant rate adds stuffing where frames need fewer bits, so it comes last.
  return [variable(mean, max), constant(mean)];
}

function qualityControls(codec: EncodedCodec, { value, max }: Extract<Rate, { kind: 'quality' }>): Wanted[] {
  const quality = ['-global_quality', String(Math.min(51, Math.max(1, value)))];
  if (max === undefined) {
    return [
      { control: 'ICQ', args: ['-rc_mode', 'ICQ', ...quality] },
      { control: 'CQP', args: ['-rc_mode', 'CQP', '-global_quality', String(quantizer(codec, value))] },
    ];
  }
  const mean = meanBelow(max);
  const limited = variable(mean, max);
  return [
    { control: 'QVBR', args: ['-rc_mode', 'QVBR', ...quality, ...limited.args.slice(2)] },
    limited,
    constant(mean),
  ];
}

function variable(mean: number, max: number): Wanted {
  const args = ['-rc_mode', 'VBR', '-b:v', String(mean), '-maxrate', String(max), '-bufsize', String(2 * max)];
  return { control: 'VBR', args };
}

function constant(rate: number): Wanted {
  return { control: 'CBR', args: ['-rc_mode', 'CBR', '-b:v', String(rate), '-bufsize', String(2 * rate)] };
}

/**
 * Constant quantizer for a quality of x264's scale. Those of AV1 and VP9 count to 255, four for each step of the
 * 63 that their software encoders count to.
 */
function quantizer(codec: EncodedCodec, quality: number): number {
  switch (codec) {
    case 'h264':
      return Math.max(1, quality);
    case 'hevc':
      return Math.min(51, quality + 4);
    case 'av1':
      return Math.min(255, Math.max(1, Math.round(quality * 1.52 * 4)));
    case 'vp9':
      return Math.min(255, Math.max(1, Math.round(quality * 1.4 * 4)));
  }
}
