import { fileUrl } from '../filters/escape.ts';
import type { InputFile } from '../filters/graph.ts';
import { decimal } from '../filters/numbers.ts';
import type { Probe, VideoStream } from '../probe/probe.ts';

/** The part of a file that a timeline keeps, in seconds from the start of the file. */
export interface Window {
  readonly start: number;
  readonly end: number;
  /** Whether a copy must hit the ends to the frame; false where a key frame was asked for. */
  readonly exactStart: boolean;
  readonly exactEnd: boolean;
}

/** A file, or a list of files that play as one, whose streams may still be copied as they are. */
export interface Clip {
  readonly probe: Probe;
  readonly path: string;
  /** How FFmpeg must open it: `-f concat -safe 0`, `-stream_loop -1`. */
  readonly options: readonly string[];
  readonly instance: number;
  /** False for lists: the concat demuxer does not seek exactly. */
  readonly seekable: boolean;
  readonly window?: Window;
  /** The files of a list. */
  readonly parts?: readonly Probe[];
}

/**
 * Decoding starts this many seconds before a cut: audio decoders need a few packets before their output is
 * right, and the frame that is shown at the cut may have begun earlier.
 */
const preRoll = 2;

/** How a clip is opened to be decoded, and the time in the clip that becomes 0. */
export function decodeInput(clip: Clip): { readonly input: InputFile; readonly from: number } {
  const { window } = clip;
  if (window === undefined || !clip.seekable) return { input: inputFile(clip, []), from: 0 };
  // Whole milliseconds are exact in the time bases that are in use.
  const lead = leadOf(clip, window.start);
  const from = window.start > lead ? Math.floor((window.start - lead) * 1000) / 1000 : 0;
  const seek = from > 0 ? ['-ss', decimal(from)] : [];
  const limit = reachesEnd(clip) ? [] : ['-t', decimal(window.end - from + preRoll)];
  return { input: inputFile(clip, [...seek, ...limit]), from };
}

/** Containers in which a seek may land behind the key frame that is needed: they have no index of them. */
const withoutIndex = /(^|,)(mpegts|mpeg|flv|live_flv|h264|hevc|m4v|mpegvideo)(,|$)/;
/** Wide enough for the distance of key frames that nearly every encoder keeps. */
const blindLead = 12;

/** Seconds before a moment at which reading begins. */
function leadOf({ probe }: Clip, moment: number): number {
  if (!withoutIndex.test(probe.format)) return preRoll;
  const [stream] = probe.video;
  const [first] = probe.cut?.start ?? [];
  if (stream === undefined) return preRoll;
  if (first === undefined) return blindLead;
  // The known packets begin with a key frame before the cut; a second more, since a seek goes by moments of decoding.
  const key = (first.pts * stream.timeBase.num) / stream.timeBase.den - probe.startTime;
  return Math.max(preRoll, moment - key + 1);
}

/** How a clip is opened so that copied streams begin at its window. */
export function copyInput(clip: Clip): InputFile {
  const { window } = clip;
  if (window === undefined) return inputFile(clip, []);
  // A millisecond early, or rounding may put the wanted key frame before the start and lose it.
  const start = Math.max(0, window.start - 0.001);
  const seek = start > 0 ? ['-ss', decimal(start)] : [];
  const limit = reachesEnd(clip) ? [] : ['-t', decimal(window.end - start)];
  return inputFile(clip, [...seek, ...limit]);
}

/** Whether a clip is kept up to the end of its file. */
export function reachesEnd({ window, probe }: Clip): boolean {
  return window === undefined || window.end >= probe.duration;
}

function inputFile(clip: Clip, options: readonly string[]): InputFile {
  const [video] = clip.probe.video;
  const steady = video !== undefined && keepsGraph(video) ? ['-reinit_filter:v', '0'] : [];
  return {
    path: clip.path,
    options: ['-protocol_whitelist', 'file', ...steady, ...clip.options, ...options],
    instance: clip.instance,
  };
}

/**
 * Whether the filter graph stays as it is when frames change their size in mid-stream: rebuilt, it would count frames
 * from 0 again. The first filter must then be one that takes any size, and filters that rotate frames come first.
 */
export function keepsGraph({ rotation, warped }: VideoStream): boolean {
  return rotation === 0 && warped !== true;
}

export function inputArguments({ path, options }: InputFile): string[] {
  return [...options, '-i', fileUrl(path)];
}

/** Moments of key frames from the start of the file; `undefined` where they were not looked for. */
export function keyframesOf({ probe }: Clip): readonly number[] | undefined {
  return probe.keyframes?.map((time) => time - probe.startTime);
}

/** The last key frame at or before a moment, within half a frame; `undefined` when none is known. */
export function keyframeBefore(clip: Clip, moment: number, halfFrame: number): number | undefined {
  if (moment <= halfFrame) return 0;
  return keyframesOf(clip)?.findLast((time) => time <= moment + halfFrame);
}

/** Half the time of a frame; a millisecond where the rate varies or is not known. */
export function halfFrameOf(video: VideoStream | undefined): number {
  if (video === undefined || video.variableFrameRate || video.frameRate.num <= 0) return 0.001;
  return video.frameRate.den / video.frameRate.num / 2;
}
