import { fraction, type Rational } from '../filters/numbers.ts';
import type { DynamicRange } from '../planning/timeline.ts';
import type { FileContainer } from '../probe/containers.ts';
import type { HdrMetadata } from '../probe/hdr-metadata.ts';

const encodedCodecs = ['h264', 'hevc', 'av1', 'vp9'] as const;
export type EncodedCodec = (typeof encodedCodecs)[number];

export function isEncodedCodec(codec: string): codec is EncodedCodec {
  return encodedCodecs.some((known) => known === codec);
}

export type Preset = 'performance' | 'balanced' | 'quality';

/** Constant quality on x264's scale, or a mean bit rate in bits per second. */
export type Rate =
  | { readonly kind: 'quality'; readonly value: number; readonly max?: number }
  | { readonly kind: 'bitrate'; readonly mean: number; readonly max: number; readonly pass?: Pass };

/** Mean rate below a highest one where the quality is what is wanted; equal ones would mean a constant rate. */
export function meanBelow(max: number): number {
  return Math.round(max * 0.75);
}

/** One of two passes that share a log file. */
interface Pass {
  readonly number: 1 | 2;
  readonly log: string;
}

/** What an encoder must produce, whichever backend it is on. */
export interface VideoTarget {
  readonly codec: EncodedCodec;
  readonly width: number;
  readonly height: number;
  readonly frameRate: Rational;
  readonly variable: boolean;
  readonly bitDepth: 8 | 10;
  readonly dynamicRange: DynamicRange;
  /** Where the dynamic range is not SDR: the metadata of the source. */
  readonly hdr?: HdrMetadata;
  readonly rate: Rate;
  readonly preset: Preset;
  /** Longest distance of key frames in seconds; the encoder's own choice when absent. */
  readonly keyframeInterval?: number;
  /** Key frames exactly that often, and no frame that needs one from before them: segments are cut there. */
  readonly closedGroups?: boolean;
  readonly container: FileContainer;
}

/** Frames between key frames, at most. */
export function gopFrames({ keyframeInterval, frameRate }: VideoTarget): number | undefined {
  if (keyframeInterval === undefined) return undefined;
  return Math.max(1, Math.round((keyframeInterval * frameRate.num) / frameRate.den));
}

/**
 * Whether frames are better stored in the order in which they are shown: in MP4 the length of a rate that varies is
 * counted from decoding times, and FFmpeg 7 ends it before the last frame.
 */
export function dropsBFrames({ codec, container, variable }: VideoTarget): boolean {
  const reorders = codec === 'h264' || codec === 'hevc';
  return variable && reorders && (container === 'mp4' || container === 'mov');
}

/** Whether a stream needs the tag by which Apple's players know HEVC with its parameter sets in the header. */
export function needsTag(codec: string, container: FileContainer): boolean {
  return codec === 'hevc' && ['mp4', 'mov', 'cmaf'].includes(container);
}

/** Whether FFmpeg puts frames on the grid of a constant rate before the encoder, or they are on it already. */
export type Timing = 'resampled' | 'kept';

/** Arguments that are the same on every backend: the tag that Apple's players need, colours as they were declared, timing. */
export function commonArguments(target: VideoTarget, timing: Timing = 'resampled'): string[] {
  const tagged = needsTag(target.codec, target.container);
  const transfer = target.dynamicRange === 'pq' ? 'smpte2084' : 'arib-std-b67';
  return [
    ...(tagged ? ['-tag:v', 'hvc1'] : []),
    ...(target.closedGroups === true ? ['-flags:v', '+cgop'] : []),
    ...(target.dynamicRange === 'sdr'
      ? []
      : ['-color_primaries', 'bt2020', '-color_trc', transfer, '-colorspace', 'bt2020nc', '-color_range', 'tv']),
    ...timingArguments(target, timing),
  ];
}

function timingArguments({ variable, frameRate }: VideoTarget, timing: Timing): string[] {
  if (timing === 'kept') return ['-fps_mode', 'passthrough'];
  // Constant rates stand on a grid already; other time stamps must not be rounded to the mean rate.
  if (variable) return ['-fps_mode', 'vfr', '-enc_time_base', '1:90000'];
  // After setpts and trim, FFmpeg 7 knows no rate any more and would take 25.
  return ['-fps_mode', 'cfr', '-r', fraction(frameRate)];
}
