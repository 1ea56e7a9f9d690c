import { type Filter, filter } from '../filters/graph.ts';
import type { GpuEncode } from '../gpu/capabilities.ts';
import { vaapiRate } from './vaapi-rate.ts';
import { commonArguments, gopFrames, type Preset, type VideoTarget } from './video-target.ts';

/** iHD's scale of quality against speed, 1 to 7; drivers without one say that they ignore it. */
const levels: Readonly<Record<Preset, number>> = { performance: 7, balanced: 4, quality: 1 };

/** Global arguments that open one Intel render node for VA-API; the node is always named, never guessed. */
export function vaapiDevice(node: string): string[] {
  return ['-init_hw_device', `vaapi=va:${node},driver=iHD`, '-filter_hw_device', 'va'];
}

/** Filters that bring frames from memory to the encoder. */
export function vaapiUpload({ bitDepth }: VideoTarget): Filter[] {
  return [filter('format', { pix_fmts: bitDepth === 10 ? 'p010le' : 'nv12' }), filter('hwupload')];
}

/** Arguments that encode through VA-API, for GPUs and drivers on which no session of the VPL runtime opens. */
export function vaapiArguments(
  target: VideoTarget,
  { lowPower, rateControls }: Pick<GpuEncode, 'lowPower' | 'rateControls'>,
): string[] {
  const { codec, preset } = target;
  return [
    // No profile: FFmpeg takes the best one of the frames' depth that the driver has.
    '-c:v',
    `${codec}_vaapi`,
    '-compression_level',
    String(levels[preset]),
    ...(vaapiRate(target, rateControls) ?? []),
    ...(lowPower ? ['-low_power', '1'] : []),
    '-g',
    String(gopFrames(target) ?? 256),
    ...(target.closedGroups === true ? ['-idr_interval', '0'] : []),
    ...commonArguments(target),
    ...vp9Colours(target),
  ];
}

/** FFmpeg's VP9 encoder passes no colors to the driver, which then writes that they are unknown. */
function vp9Colours({ codec, dynamicRange }: VideoTarget): string[] {
  if (codec !== 'vp9' || dynamicRange === 'sdr') return [];
  return ['-bsf:v', 'vp9_metadata=color_space=bt2020:color_range=tv'];
}
