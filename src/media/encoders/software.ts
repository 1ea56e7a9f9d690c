import { svtAv1HdrOptions, x265HdrOptions } from '../probe/hdr-metadata.ts';
import {
  commonArguments,
  dropsBFrames,
  type EncodedCodec,
  gopFrames,
  type Preset,
  type Rate,
  type VideoTarget,
} from './video-target.ts';

/** FFmpeg's encoder of each codec on the CPU. */
export const softwareEncoders: Readonly<Record<EncodedCodec, string>> = {
  h264: 'libx264',
  hevc: 'libx265',
  av1: 'libsvtav1',
  vp9: 'libvpx-vp9',
};

const presets: Readonly<Record<EncodedCodec, Readonly<Record<Preset, readonly string[]>>>> = {
  h264: { performance: ['-preset', 'veryfast'], balanced: ['-preset', 'medium'], quality: ['-preset', 'slow'] },
  hevc: { performance: ['-preset', 'superfast'], balanced: ['-preset', 'medium'], quality: ['-preset', 'slow'] },
  av1: { performance: ['-preset', '10'], balanced: ['-preset', '8'], quality: ['-preset', '5'] },
  vp9: {
    performance: ['-deadline', 'realtime', '-cpu-used', '7'],
    balanced: ['-deadline', 'good', '-cpu-used', '4'],
    quality: ['-deadline', 'good', '-cpu-used', '1'],
  },
};

/**
 * The quality scale of each codec from x264's 1..51: the customary equal points are x264 23, x265 27, SVT-AV1 35 and
 * libvpx 32; the last two count to 63.
 */
function constantRateFactor(codec: EncodedCodec, quality: number): number {
  switch (codec) {
    case 'h264':
      return quality;
    case 'hevc':
      return Math.min(51, quality + 4);
    case 'av1':
      return Math.min(63, Math.max(1, Math.round(quality * 1.52)));
    case 'vp9':
      return Math.min(63, Math.max(1, Math.round(quality * 1.4)));
  }
}

function rateArguments(codec: EncodedCodec, rate: Rate): string[] {
  if (rate.kind === 'quality') {
    const crf = ['-crf', String(constantRateFactor(codec, rate.value))];
    if (codec === 'vp9') return [...crf, '-b:v', String(rate.max ?? 0)];
    return rate.max === undefined ? crf : [...crf, '-maxrate', String(rate.max), '-bufsize', String(rate.max * 2)];
  }
  const mean = ['-b:v', String(rate.mean)];
  // SVT-AV1 takes a highest rate with constant quality only, and ends with an error otherwise.
  return codec === 'av1' ? mean : [...mean, '-maxrate', String(rate.max), '-bufsize', String(rate.max * 2)];
}

/** Whether FFmpeg's encoder of the codec can do two passes; SVT-AV1 has one only. */
export function hasTwoPasses(codec: EncodedCodec): boolean {
  return codec !== 'av1';
}

/** Where nothing but the distance decides on a key frame. x265 has words of its own for it, SVT-AV1 never does otherwise. */
function groupArguments(target: VideoTarget): string[] {
  const gop = gopFrames(target);
  if (gop === undefined) return [];
  const length = ['-g', String(gop)];
  if (target.closedGroups !== true || target.codec === 'av1' || target.codec === 'hevc') return length;
  return [...length, '-keyint_min', String(gop), ...(target.codec === 'h264' ? ['-sc_threshold', '0'] : [])];
}

function x265Groups(target: VideoTarget): string[] {
  const gop = gopFrames(target);
  if (target.closedGroups !== true || gop === undefined) return [];
  return [`keyint=${gop}`, `min-keyint=${gop}`, 'scenecut=0', 'open-gop=0'];
}

/**
 * The mean rate of a variable one, in the encoder's own words: behind a cut FFmpeg 7 knows none, and an encoder that takes
 * 90 000 frames per second has no bits for any of them, or does not open.
 */
function meanRate({ variable, codec, frameRate: { num, den } }: VideoTarget): string[] {
  if (!variable || codec === 'vp9' || num <= 0) return [];
  return codec === 'av1' ? [`fps-num=${num}`, `fps-denom=${den}`] : [`fps=${num}/${den}`];
}

function passArguments(target: VideoTarget): string[] {
  const { codec, rate, hdr = {} } = target;
  const pass = rate.kind === 'bitrate' ? rate.pass : undefined;
  const svtAv1 = codec === 'av1' ? [...meanRate(target), ...svtAv1HdrOptions(hdr)] : [];
  if (svtAv1.length > 0) return ['-svtav1-params', svtAv1.join(':')];
  const x265 =
    codec === 'hevc' ? ['log-level=error', ...meanRate(target), ...x265Groups(target), ...x265HdrOptions(hdr)] : [];
  if (pass === undefined) return x265.length === 0 ? [] : ['-x265-params', x265.join(':')];
  // libx265 does not know FFmpeg's own pass options.
  if (codec !== 'hevc') return ['-pass', String(pass.number), '-passlogfile', pass.log];
  const log = pass.log.replaceAll(/[\\:']/g, (character) => `\\${character}`);
  return ['-x265-params', [...x265, `pass=${pass.number}`, `stats=${log}`].join(':')];
}

function speedArguments({ codec, preset, rate }: VideoTarget): readonly string[] {
  // Its realtime mode knows no second pass.
  const twice = codec === 'vp9' && rate.kind === 'bitrate' && rate.pass !== undefined;
  return twice && preset === 'performance' ? ['-deadline', 'good', '-cpu-used', '5'] : presets[codec][preset];
}

/** Arguments that encode video on the CPU. */
export function softwareArguments(target: VideoTarget): string[] {
  const { codec, rate, bitDepth } = target;
  return [
    '-c:v',
    softwareEncoders[codec],
    ...speedArguments(target),
    ...rateArguments(codec, rate),
    ...passArguments(target),
    ...(codec === 'h264' ? meanRate(target).flatMap((parameters) => ['-x264-params', parameters]) : []),
    ...(codec === 'vp9' ? ['-row-mt', '1'] : []),
    ...groupArguments(target),
    ...(dropsBFrames(target) ? ['-bf', '0'] : []),
    '-pix_fmt',
    bitDepth === 10 ? 'yuv420p10le' : 'yuv420p',
    ...commonArguments(target),
  ];
}
