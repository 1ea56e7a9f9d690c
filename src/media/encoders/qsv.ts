import { type Filter, filter } from '../filters/graph.ts';
import {
  commonArguments,
  dropsBFrames,
  type EncodedCodec,
  gopFrames,
  meanBelow,
  type Preset,
  type Rate,
  type Timing,
  type VideoTarget,
} from './video-target.ts';

const presets: Readonly<Record<Preset, string>> = { performance: 'veryfast', balanced: 'medium', quality: 'veryslow' };
const profiles: Readonly<Record<EncodedCodec, readonly [eight: string, ten: string]>> = {
  h264: ['high', 'high'],
  hevc: ['main', 'main10'],
  av1: ['main', 'main'],
  vp9: ['profile0', 'profile2'],
};

/** Frames the encoder looks ahead; the surface pool of the decoder grows with it. */
function lookAhead(preset: Preset): number {
  return preset === 'performance' ? 8 : 40;
}

/** Global arguments that open one Intel render node for Quick Sync; the node is always named. */
export function qsvDevice(node: string): string[] {
  return ['-init_hw_device', `vaapi=va:${node},driver=iHD`, '-init_hw_device', 'qsv=qs@va', '-filter_hw_device', 'qs'];
}

/** Options of an input that is decoded into GPU memory. */
export function qsvDecode(preset: Preset): string[] {
  return [
    '-hwaccel',
    'qsv',
    '-hwaccel_device',
    'qs',
    '-hwaccel_output_format',
    'qsv',
    '-extra_hw_frames',
    String(lookAhead(preset)),
    '-noautorotate',
  ];
}

/** Filters that bring frames from memory to the encoder. Frames are uploaded first: vpp_qsv loses time stamps otherwise. */
export function qsvUpload({ bitDepth }: VideoTarget): Filter[] {
  const format = bitDepth === 10 ? 'p010le' : 'nv12';
  return [filter('format', { pix_fmts: format }), filter('hwupload', { extra_hw_frames: 64 })];
}

/** VBR for a wanted rate, ICQ for constant quality, and QVBR for constant quality below a highest rate. */
function rateArguments(codec: EncodedCodec, rate: Rate): string[] {
  if (rate.kind === 'quality') {
    const quality = ['-global_quality', String(rate.value)];
    if (rate.max === undefined) return quality;
    const mean = String(meanBelow(rate.max));
    const limited = ['-b:v', mean, '-maxrate', String(rate.max), '-bufsize', String(2 * rate.max)];
    // FFmpeg cannot pass both to the vp9 encoder.
    return codec === 'vp9' ? limited : [...quality, ...limited];
  }
  const { mean, max } = rate;
  const buffer = ['-bufsize', String(2 * max), '-rc_init_occupancy', String(max)];
  return ['-b:v', String(mean), '-maxrate', String(max), ...buffer];
}

/** Key frames at changes of scene, or never there: where segments are cut at them, only their distance counts. */
function adaptiveArguments({ codec, closedGroups }: VideoTarget): string[] {
  if (closedGroups === true) return codec === 'vp9' ? [] : ['-adaptive_i', '0'];
  return codec === 'h264' ? ['-adaptive_i', '1'] : [];
}

/**
 * Arguments that encode on the GPU, measured to be accepted by FFmpeg 7.1's encoders.
 *
 * @param timing `kept` after vpp_qsv: it changes the time base and leaves the durations of frames as they were, by which
 *   FFmpeg would fill up a constant rate with hundreds of copies.
 */
export function qsvArguments(target: VideoTarget, lowPower: boolean, timing: Timing = 'resampled'): string[] {
  const { codec, preset, rate, bitDepth } = target;
  const gop = gopFrames(target) ?? 256;
  return [
    '-c:v',
    `${codec}_qsv`,
    '-preset',
    presets[preset],
    '-profile:v',
    profiles[codec][bitDepth === 10 ? 1 : 0],
    ...rateArguments(codec, rate),
    ...(codec === 'h264' && rate.kind === 'bitrate' ? ['-bitrate_limit', '0'] : []),
    ...(lowPower ? ['-low_power', '1'] : []),
    // Only a wanted rate is distributed by looking ahead; constant quality has no use for it.
    ...(codec === 'vp9' || rate.kind === 'quality'
      ? []
      : ['-extbrc', '1', '-look_ahead_depth', String(lookAhead(preset))]),
    ...(codec === 'vp9' ? [] : ['-b_strategy', '1', '-bf', dropsBFrames(target) ? '0' : '7']),
    ...adaptiveArguments(target),
    ...(codec === 'h264' ? ['-adaptive_b', '1', '-refs', '5'] : []),
    // Every I frame is one that players can seek to, which FFmpeg's default says and `begin_only` does not.
    ...(codec === 'hevc' ? ['-refs', '4', '-idr_interval', '0'] : []),
    '-g',
    String(gop),
    '-async_depth',
    '1',
    ...commonArguments(target, timing),
  ];
}
