import type { BackendEncoder } from '../encoders/backend-encoder.ts';
import type { Preset, VideoTarget } from '../encoders/video-target.ts';
import { chain, filter, type InputFile, type Pad } from '../filters/graph.ts';
import { decimal } from '../filters/numbers.ts';
import type { Clip } from '../planning/clip.ts';
import type { VideoState } from '../planning/timeline.ts';
import type { VideoStream } from '../probe/probe.ts';
import { nalCodecOf, type ReencodedRange } from './cut-plan.ts';

/**
 * Quality of the re-encoded head and tail on x264's scale: no visible difference from the copied frames beside them. They
 * are a few frames, so their size does not matter.
 */
const reencodedQuality = 12;

/** What the head and the tail are encoded to: the form of the stream, not that of the timeline. */
export function reencodedTarget({ stream, dynamicRange, frameRate }: VideoState, preset: Preset): VideoTarget {
  const codec = nalCodecOf(stream);
  if (codec === undefined) throw new TypeError(`Expected h264 or hevc to be cut by copying, got ${stream.codec}`);
  return {
    codec,
    width: stream.width,
    height: stream.height,
    frameRate,
    variable: false,
    bitDepth: stream.bitDepth > 8 ? 10 : 8,
    dynamicRange,
    ...(stream.hdr !== undefined && { hdr: stream.hdr }),
    rate: { kind: 'quality', value: reencodedQuality },
    preset,
    container: 'mp4',
  };
}

/** A file that is opened at `seek` and read for `limit` seconds. */
export function readFrom(
  clip: Clip,
  seek: number,
  limit: number | undefined,
  options: readonly string[] = [],
): InputFile {
  const from = seek > 0 ? ['-ss', decimal(seek)] : [];
  const until = limit === undefined ? [] : ['-t', decimal(limit)];
  return {
    path: clip.path,
    options: ['-protocol_whitelist', 'file', ...clip.options, ...options, ...from, ...until],
    instance: clip.instance,
  };
}

/** The frames of a range as they are stored: neither turned nor converted, evenly spaced so that none is dropped. */
export function reencodedPad(
  clip: Clip,
  { stream, frameRate }: VideoState,
  { from, until, seek, limit }: ReencodedRange,
): Pad {
  // Times of packets are those of the file, which `-copyts` keeps; an exact seek would count from another zero.
  const input = readFrom(clip, seek, limit, ['-noaccurate_seek', '-noautorotate']);
  return chain(
    { from: 'stream', medium: 'video', input, stream: stream.index },
    filter('trim', { start_pts: from, end_pts: until }),
    filter('settb', { expr: `${frameRate.den}/${frameRate.num}` }),
    filter('setpts', { expr: 'N' }),
  );
}

/**
 * Arguments of the encoder of a head or a tail. Without B-frames, frames are stored in the order in which they are shown,
 * and a decoder need not keep more of them than for the copied ones.
 */
export function reencodedEnd(
  pad: Pad,
  target: VideoTarget,
  stream: VideoStream,
  encoder: BackendEncoder,
): ReencodedEnd {
  const encoded = encoder.encode(pad, target);
  const profile = profileOf(stream, encoder.backend);
  return {
    pad: encoded.pad,
    args: [...encoded.args, '-bf', '0', ...(profile === undefined ? [] : ['-profile:v', profile]), '-f', 'mp4'],
  };
}

export interface ReencodedEnd {
  readonly pad: Pad;
  readonly args: readonly string[];
}

const profiles: Readonly<Record<string, string>> = {
  Baseline: 'baseline',
  'Constrained Baseline': 'baseline',
  Main: 'main',
  High: 'high',
};

/** The profile of the stream, since some decoders are set up only once; that of HEVC follows from the bit depth. */
function profileOf({ codec, profile, bitDepth }: VideoStream, backend: BackendEncoder['backend']): string | undefined {
  if (codec !== 'h264' || bitDepth > 8) return undefined;
  const name = profiles[profile ?? ''];
  return name === 'baseline' && backend === 'vaapi' ? 'constrained_baseline' : name;
}
