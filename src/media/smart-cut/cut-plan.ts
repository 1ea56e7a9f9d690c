import { type Clip, halfFrameOf, reachesEnd, type Window } from '../planning/clip.ts';
import type { Probe, VideoStream } from '../probe/probe.ts';
import type { SmartJoin } from './join.ts';
import type { NalCodec } from './nal-units.ts';
import type { VideoPacket } from './packets.ts';

/** Pictures at one end of a cut that are encoded, because what they refer to is not part of it. */
export interface EdgeRange {
  /** Ticks of the stream's time base: shown from `from` on and before `until`. */
  readonly from: number;
  readonly until: number;
  readonly frames: number;
  /** Seconds from the start of the file at which reading begins, and how long it goes on. */
  readonly seek: number;
  readonly limit: number;
}

/** A cut that copies all it can. */
export interface SmartCut {
  readonly join: Omit<SmartJoin, 'source' | 'head' | 'tail' | 'output'>;
  readonly head?: EdgeRange;
  readonly tail?: EdgeRange;
  /** Where reading of the copied pictures begins in seconds from the start of the file, and for how long. */
  readonly seek: number;
  readonly limit?: number;
  /** Seconds of the output that are copied. */
  readonly copied: { readonly start: number; readonly end?: number };
  /** Moment of the first picture in seconds from the start of the file. */
  readonly firstShown: number;
}

/** How a window is cut by copying, or why it cannot be. */
export function planSmartCut(clip: Clip): SmartCut | string {
  const { window, probe } = clip;
  const [stream] = probe.video;
  if (window === undefined || stream === undefined) return 'there is nothing to cut';
  const codec = nalCodecOf(stream);
  const blocker = codec === undefined ? `${stream.codec} is not cut by copying` : streamBlocker(stream);
  if (codec === undefined || blocker !== undefined) return blocker ?? 'the codec is not known';
  if (probe.cut === undefined || !clip.seekable) return 'the packets around the cut are not known';
  const clock = clockOf(stream, probe);
  const start = startOf(probe.cut.start, probe.cut.joints, clock.ticks(window.start) - clock.tolerance);
  if (typeof start === 'string') return start;
  const end = reachesEnd(clip)
    ? undefined
    : endOf(probe.cut.end ?? [], clock.ticks(window.end) - clock.tolerance, Math.ceil(clock.ticks(window.end)));
  if (typeof end === 'string') return end;
  if (end !== undefined && end.copyEnd <= start.joint) return 'the cut holds no whole group of pictures';
  const near = [...probe.cut.start, ...(probe.cut.end ?? [])];
  if (near.some(({ pts, hidden }) => hidden && pts >= start.first && pts < (end?.end ?? Number.POSITIVE_INFINITY)))
    return 'an edit list hides pictures of the cut';
  return cutOf(codec, stream, clock, window, start, end, indexed(probe) ? 0 : 1);
}

/** @param late Seconds by which reading must begin early, where a seek is not exact. */
function cutOf(
  codec: NalCodec,
  { timeBase: { num, den }, variableFrameRate }: VideoStream,
  { ticks, seconds }: StreamClock,
  window: Window,
  start: Start,
  end: End | undefined,
  late: number,
): SmartCut {
  const seekTo = (key: number): number => Math.max(0, seconds(key) - late);
  const seek = seekTo(start.key);
  const edge = (from: number, until: number, frames: number, key: number): EdgeRange => ({
    from,
    until,
    frames,
    seek: seekTo(key),
    limit: seconds(until) - seekTo(key) + readOn,
  });
  // A cut that starts with the file keeps the distance of its first picture from there.
  const origin = !window.exactStart ? ticks(0) : variableFrameRate ? ticks(window.start) : start.first;
  return {
    join: {
      codec,
      timescale: den,
      start: start.first * num,
      copyStart: start.joint * num,
      origin: Math.round(origin * num),
      fromZero: window.exactStart,
      ...(end && {
        end: end.end * num,
        copyEnd: end.copyEnd * num,
        duration: Math.round((window.end - window.start) * den),
      }),
    },
    ...(start.frames > 0 && { head: edge(start.first, start.joint, start.frames, start.key) }),
    ...(end && end.frames > 0 && { tail: edge(end.copyEnd, end.end, end.frames, end.key) }),
    seek,
    ...(end && { limit: seconds(end.end) - seek + readOn }),
    copied: {
      start: Math.max(0, seconds(start.joint) - window.start),
      ...(end && { end: seconds(end.copyEnd) - window.start }),
    },
    firstShown: seconds(start.first),
  };
}

/** Seconds that are read beyond what is wanted: pictures are stored before the ones that they are shown after. */
const readOn = 2;

export function nalCodecOf({ codec }: VideoStream): NalCodec | undefined {
  return codec === 'h264' || codec === 'hevc' ? codec : undefined;
}

/** Pictures that our encoders give back in the same form, so that a decoder need not notice the joint. */
const forms: readonly string[] = ['yuv420p', 'yuv420p10le'];

function streamBlocker({
  pixelFormat,
  colorRange,
  interlaced,
  width,
  height,
  bitDepth,
}: VideoStream): string | undefined {
  if (interlaced) return 'interlaced pictures are not cut by copying';
  if (!forms.includes(pixelFormat) || colorRange === 'pc' || bitDepth > 10)
    return `pictures in ${colorRange === 'pc' ? 'full-range ' : ''}${pixelFormat} are not cut by copying`;
  if (width % 2 === 1 || height % 2 === 1) return 'pictures of odd size are not cut by copying';
  return undefined;
}

/** Demuxers that find a moment by an index; others read on from a place that is near it. */
function indexed({ format }: Probe): boolean {
  return format.includes('mov') || format.includes('matroska');
}

interface StreamClock {
  readonly ticks: (seconds: number) => number;
  readonly seconds: (ticks: number) => number;
  /** Ticks by which a moment may be off the picture that is meant. */
  readonly tolerance: number;
}

/** Seconds count from the start of the file, ticks as in its packets. */
function clockOf(stream: VideoStream, { startTime }: Probe): StreamClock {
  const { num, den } = stream.timeBase;
  const half = stream.variableFrameRate ? 0.0005 : halfFrameOf(stream);
  return {
    ticks: (seconds) => ((seconds + startTime) * den) / num,
    seconds: (ticks) => (ticks * num) / den - startTime,
    tolerance: (half * den) / num,
  };
}

interface Start {
  /** The first picture of the cut, the first one that is copied, and the key frame before both. */
  readonly first: number;
  readonly joint: number;
  readonly key: number;
  readonly frames: number;
}

function startOf(packets: readonly VideoPacket[], joints: readonly number[], from: number): Start | string {
  const shown = packets.map(({ pts }) => pts).filter((pts) => pts >= from);
  if (shown.length === 0) return 'no picture was found at the start of the cut';
  const first = Math.min(...shown);
  const joint = joints.filter((pts) => pts >= first).toSorted((a, b) => a - b)[0];
  if (joint === undefined || !shown.includes(joint)) return 'no key frame was found behind the start of the cut';
  const keys = packets.filter(({ key, pts }) => key && pts <= first).map(({ pts }) => pts);
  return {
    first,
    joint,
    key: keys.length > 0 ? Math.max(...keys) : Math.min(...packets.map(({ pts }) => pts)),
    frames: shown.filter((pts) => pts < joint).length,
  };
}

interface End {
  /** The first moment after the cut, the first one that is not copied, and the key frame before it. */
  readonly end: number;
  readonly copyEnd: number;
  readonly key: number;
  readonly frames: number;
}

/**
 * The last place before the end at which everything stored so far is shown before everything stored behind: what comes
 * before it decodes alone and misses nothing. Mostly that is a few pictures before the end, wherever key frames are.
 */
function endOf(packets: readonly VideoPacket[], from: number, exact: number): End | string {
  const after = packets.map(({ pts }) => pts).filter((pts) => pts >= from);
  const end = after.length > 0 ? Math.min(...after) : exact;
  let copyEnd: number | undefined;
  let least = Number.POSITIVE_INFINITY;
  const most = highestSoFar(packets);
  for (let index = packets.length - 1; index > 0 && copyEnd === undefined; index -= 1) {
    least = Math.min(least, packets[index]?.pts ?? least);
    if (least <= end && (most[index - 1] ?? least) < least) copyEnd = least;
  }
  if (copyEnd === undefined) return 'no picture was found at which copying can end';
  const until = copyEnd;
  const keys = packets.filter(({ key, pts }) => key && pts <= until).map(({ pts }) => pts);
  if (keys.length === 0) return 'no key frame was found before the end of the cut';
  return {
    end,
    copyEnd,
    key: Math.max(...keys),
    frames: packets.filter(({ pts }) => pts >= until && pts < end).length,
  };
}

function highestSoFar(packets: readonly VideoPacket[]): number[] {
  let most = Number.NEGATIVE_INFINITY;
  return packets.map(({ pts }) => (most = Math.max(most, pts)));
}
