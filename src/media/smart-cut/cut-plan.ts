import { failure, type Result, success } from '../../lib/result.ts';
import { type Clip, reachesEnd, type Window } from '../planning/clip.ts';
import type { Probe, VideoStream } from '../probe/probe.ts';
import type { SmartJoin } from './join.ts';
import type { NalCodec } from './nal-units.ts';
import type { CutPackets } from './packets.ts';
import { type CutEnd, type CutStart, findCutEnd, findCutStart } from './splice-points.ts';
import { type StreamClock, streamClock } from './stream-clock.ts';

/** Frames of the re-encoded head or tail: those that refer to frames outside the cut. */
export interface ReencodedRange {
  /** Ticks of the stream's time base: shown from `from` on and before `until`. */
  readonly from: number;
  readonly until: number;
  readonly frames: number;
  /** Seconds from the start of the file at which reading begins, and how long it goes on. */
  readonly seek: number;
  readonly limit: number;
}

/** A trim that copies most packets and re-encodes the head and the tail. */
export interface SmartCut {
  readonly join: Omit<SmartJoin, 'source' | 'head' | 'tail' | 'output'>;
  readonly head?: ReencodedRange;
  readonly tail?: ReencodedRange;
  /** Where reading of the copied frames begins in seconds from the start of the file, and for how long. */
  readonly seek: number;
  readonly limit?: number;
  /** Seconds of the output that are copied. */
  readonly copied: { readonly start: number; readonly end?: number };
  /** Time of the first frame in seconds from the start of the file. */
  readonly firstShown: number;
}

/** How a window is cut by copying, or why it cannot be. */
export function planSmartCut(clip: Clip): Result<SmartCut> {
  const { window, probe } = clip;
  const [stream] = probe.video;
  if (window === undefined || stream === undefined) return failure('there is nothing to cut');
  const codec = nalCodecOf(stream);
  if (codec === undefined) return failure(`${stream.codec} is not cut by copying`);
  const blocker = streamBlocker(stream);
  if (blocker !== undefined) return failure(blocker);
  if (probe.cut === undefined || !clip.seekable) return failure('the packets around the cut are not known');
  const clock = streamClock(stream, probe);
  const start = findCutStart(probe.cut.start, probe.cut.splicePoints, clock.ticks(window.start) - clock.tolerance);
  if (!start.ok) return start;
  const end = cutEnd(clip, probe.cut, window, clock);
  if (!end.ok) return end;
  if (end.value !== undefined && end.value.splicePoint <= start.value.splicePoint)
    return failure('the cut contains no whole GOP');
  if (hidesFrames(probe.cut, start.value, end.value)) return failure('an edit list hides frames of the cut');
  return success(
    cutOf({ codec, stream, clock, window, start: start.value, end: end.value, lead: hasIndex(probe) ? 0 : 1 }),
  );
}

/** `undefined` for a cut that goes to the end of the file. */
function cutEnd(clip: Clip, packets: CutPackets, window: Window, clock: StreamClock): Result<CutEnd | undefined> {
  if (reachesEnd(clip)) return success(undefined);
  const end = clock.ticks(window.end);
  return findCutEnd(packets.end ?? [], { from: end - clock.tolerance, exact: Math.ceil(end) });
}

function hidesFrames(packets: CutPackets, { first }: CutStart, end: CutEnd | undefined): boolean {
  const until = end?.end ?? Number.POSITIVE_INFINITY;
  const near = [...packets.start, ...(packets.end ?? [])];
  return near.some(({ pts, hidden }) => hidden && pts >= first && pts < until);
}

interface CutFacts {
  readonly codec: NalCodec;
  readonly stream: VideoStream;
  readonly clock: StreamClock;
  readonly window: Window;
  readonly start: CutStart;
  readonly end: CutEnd | undefined;
  /** Seconds by which reading must begin early, where a seek is not exact. */
  readonly lead: number;
}

function cutOf({ codec, stream, clock, window, start, end, lead }: CutFacts): SmartCut {
  const { ticks, seconds } = clock;
  const { num, den } = stream.timeBase;
  const seekTo = (key: number): number => Math.max(0, seconds(key) - lead);
  const seek = seekTo(start.key);
  const range = (from: number, until: number, { frames, key }: CutStart | CutEnd): ReencodedRange => ({
    from,
    until,
    frames,
    seek: seekTo(key),
    limit: seconds(until) - seekTo(key) + readOn,
  });
  // A cut that starts with the file keeps the distance of its first frame from the start.
  const origin = !window.exactStart ? ticks(0) : stream.variableFrameRate ? ticks(window.start) : start.first;
  return {
    join: {
      codec,
      timescale: den,
      start: start.first * num,
      copyStart: start.splicePoint * num,
      origin: Math.round(origin * num),
      fromZero: window.exactStart,
      ...(end && {
        end: end.end * num,
        copyEnd: end.splicePoint * num,
        duration: Math.round((window.end - window.start) * den),
      }),
    },
    ...(start.frames > 0 && { head: range(start.first, start.splicePoint, start) }),
    ...(end && end.frames > 0 && { tail: range(end.splicePoint, end.end, end) }),
    seek,
    ...(end && { limit: seconds(end.end) - seek + readOn }),
    copied: {
      start: Math.max(0, seconds(start.splicePoint) - window.start),
      ...(end && { end: seconds(end.splicePoint) - window.start }),
    },
    firstShown: seconds(start.first),
  };
}

/** Seconds that are read beyond the requested end: a frame can be stored after frames that are shown later. */
const readOn = 2;

export function nalCodecOf({ codec }: VideoStream): NalCodec | undefined {
  return codec === 'h264' || codec === 'hevc' ? codec : undefined;
}

/** Pixel formats that the encoders can produce too, so that the format does not change at a splice point. */
const pixelFormats: readonly string[] = ['yuv420p', 'yuv420p10le'];

function streamBlocker({
  pixelFormat,
  colorRange,
  interlaced,
  width,
  height,
  bitDepth,
}: VideoStream): string | undefined {
  if (interlaced) return 'interlaced video is not cut by copying';
  if (!pixelFormats.includes(pixelFormat) || colorRange === 'pc' || bitDepth > 10)
    return `${colorRange === 'pc' ? 'full-range ' : ''}${pixelFormat} video is not cut by copying`;
  if (width % 2 === 1 || height % 2 === 1) return 'video of odd size is not cut by copying';
  return undefined;
}

/** Demuxers that find a time by an index; others start to read near it. */
function hasIndex({ format }: Probe): boolean {
  return format.includes('mov') || format.includes('matroska');
}
