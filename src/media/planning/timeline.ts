import type { Caption } from '../../model/job/operations.ts';
import type { Pad } from '../filters/graph.ts';
import type { Rational } from '../filters/numbers.ts';
import type { AudioStream, VideoStream } from '../probe/probe.ts';
import type { Clip } from './clip.ts';

export type DynamicRange = 'sdr' | 'pq' | 'hlg';

/** The video of a timeline at one point of the chain of operations. */
export interface VideoState {
  /** Filters so far; absent while the video is the unchanged stream of the clip. */
  readonly pad?: Pad;
  /** Size as a player shows it: turned, with square pixels, even. */
  readonly width: number;
  readonly height: number;
  readonly frameRate: Rational;
  readonly variable: boolean;
  readonly bitDepth: 8 | 10;
  readonly dynamicRange: DynamicRange;
  /** Seconds from the start of the timeline to the end of the last frame. */
  readonly end: number;
  /** Number of frames where it is certain. */
  readonly frames?: number;
  /** The stream of the clip it came from. */
  readonly stream: VideoStream;
  /** The types of the operations that changed it, in their order. */
  readonly changes: readonly string[];
}

/** The audio of a timeline at one point of the chain of operations. */
export interface AudioState {
  readonly pad?: Pad;
  readonly sampleRate: number;
  readonly channels: number;
  readonly layout: string;
  readonly end: number;
  /** LUFS, while no operation has changed the audio since it was normalized. */
  readonly loudness?: number;
  readonly stream: AudioStream;
  readonly changes: readonly string[];
}

/** A subtitle track that a player can switch, on the clock of the timeline. */
export interface TextTrack {
  /** A file, or captions that are written in the form that the container likes best. */
  readonly text:
    | { readonly path: string; readonly codec: string; readonly stream?: number; readonly source?: TextSource }
    | { readonly name: string; readonly captions: readonly Caption[] };
  readonly language?: string;
  /** Seconds of the file that become 0, and seconds on the timeline where the file ends. */
  readonly skip: number;
  readonly delay: number;
  readonly end: number;
}

/** What a file of subtitles holds, and its format in FFmpeg's words. */
export interface TextSource {
  readonly content: string;
  readonly format: string;
}

export interface Timeline {
  /** The file whose streams are still unchanged. */
  readonly clip?: Clip;
  readonly video?: VideoState;
  readonly audio?: AudioState;
  /** Seconds. */
  readonly duration: number;
  readonly tracks: readonly TextTrack[];
  /** Times no longer follow the first input, so its chapters and subtitles do not fit any more. */
  readonly retimed: boolean;
}

/** The video after a change, from this pad. */
export function withVideo(video: VideoState, pad: Pad, change: string, now: Partial<VideoState> = {}): VideoState {
  return {
    ...video,
    ...now,
    pad: pad.from === 'filter' ? { ...pad, work: change } : pad,
    changes: [...video.changes, change],
  };
}

/** The audio after a change, from this pad. */
export function withAudio(audio: AudioState, pad: Pad, change: string, now: Partial<AudioState> = {}): AudioState {
  const { loudness: _former, ...rest } = audio;
  return { ...rest, ...now, pad, changes: [...audio.changes, change] };
}

export function frameSeconds(video: VideoState): number {
  return video.frameRate.den / video.frameRate.num;
}

/**
 * The time of the frame that is meant: times are often rounded by hand, so the nearest frame counts, not the next one.
 * Where the rate varies there is no grid, and the time stays.
 */
export function onFrame(video: VideoState | undefined, time: number): number {
  if (video === undefined || video.variable) return time;
  return Math.round(time / frameSeconds(video)) * frameSeconds(video);
}

/** An `enable` expression for a range of the timeline that starts and ends on the frames that are meant. */
export function duringWindow(
  video: VideoState,
  start: number | undefined,
  end: number | undefined,
): string | undefined {
  const early = video.variable ? 0.0005 : frameSeconds(video) / 2;
  const conditions = [
    ...(start !== undefined && start > 0 ? [`gte(t,${(start - early).toFixed(6)})`] : []),
    ...(end !== undefined && end < video.end ? [`lt(t,${(end - early).toFixed(6)})`] : []),
  ];
  return conditions.length === 0 ? undefined : conditions.join('*');
}
