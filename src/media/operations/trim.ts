import type { OperationParameters } from '../../model/job/operations.ts';
import { chain, type Filter, filter, type Pad } from '../filters/graph.ts';
import { fraction } from '../filters/numbers.ts';
import { cutTracks } from '../outputs/text-tracks.ts';
import { type Clip, halfFrameOf, keyframeBefore, type Window } from '../planning/clip.ts';
import type { OperationContext } from '../planning/plan-builder.ts';
import { planError } from '../planning/plan-error.ts';
import {
  type AudioState,
  frameSeconds,
  onFrame,
  type Timeline,
  type VideoState,
  withAudio,
  withVideo,
} from '../planning/timeline.ts';

/**
 * Keeps one range of the timeline. Untouched streams only get a window, so that they can still be copied or the file be
 * read from the middle; what has gone through filters already is cut by filters.
 */
export function trim(
  timeline: Timeline,
  { start = 0, end, precise = true }: OperationParameters['trim'],
  context: OperationContext,
): Timeline {
  const { duration } = timeline;
  const { path, builder } = context;
  if (start >= duration) {
    throw planError(
      'SPEC_INVALID',
      `${path}.start`,
      `expected a moment before the end at ${duration.toFixed(3)} s, got ${start} s`,
    );
  }
  if (end !== undefined && end > duration + 0.001) {
    builder.note(
      `${path}.end: ${end} s is after the end, so the clip is kept up to its end at ${duration.toFixed(3)} s.`,
    );
  }
  const stop = end === undefined || end > duration - 0.001 ? undefined : end;
  if (stop === undefined && start === 0) return timeline;
  const cut = precise ? exactCut(timeline, start, stop) : keyframeCut(timeline, start, stop, context);
  const endError = stop === undefined ? builder.trimmed?.end : cut.end - stop;
  builder.trimmed = { start: cut.start - start, ...(endError !== undefined && { end: endError }) };
  const clip = timeline.clip && windowed(timeline.clip, timeline, cut);
  const video = timeline.video && cutVideo(timeline.video, cut);
  const audio = timeline.audio && cutAudio(timeline.audio, cut);
  if (timeline.audio !== undefined && audio === undefined)
    builder.note(`${path}: the audio ends before the cut begins, so the output has none.`);
  const { clip: _clip, video: _video, audio: _audio, ...rest } = timeline;
  return {
    ...rest,
    ...(clip && { clip }),
    ...(video && { video }),
    ...(audio && { audio }),
    duration: cut.end - cut.start,
    tracks: cutTracks(timeline.tracks, cut.start, cut.end),
  };
}

/** A range on the timeline, and whether its ends must be hit to the frame. */
interface Cut {
  readonly start: number;
  readonly end: number;
  readonly toEnd: boolean;
  readonly exactStart: boolean;
  readonly exactEnd: boolean;
}

function exactCut({ video, duration }: Timeline, start: number, stop: number | undefined): Cut {
  const first = sourceOnFrame(video, start);
  const last =
    stop === undefined
      ? duration
      : Math.max(sourceOnFrame(video, stop), first + (video === undefined ? 0.001 : frameSeconds(video)));
  return {
    start: first,
    end: Math.min(last, duration),
    toEnd: stop === undefined,
    exactStart: first > 0,
    exactEnd: stop !== undefined,
  };
}

/** The frame grid of an untouched stream starts with its first frame, which may be later than the file. */
function sourceOnFrame(video: VideoState | undefined, moment: number): number {
  if (video === undefined) return moment;
  const late =
    video.pad === undefined && video.frames !== undefined
      ? Math.max(0, video.end - video.frames * frameSeconds(video))
      : 0;
  return Math.max(0, onFrame(video, moment - late) + late);
}

function keyframeCut(
  timeline: Timeline,
  start: number,
  stop: number | undefined,
  { builder, path }: OperationContext,
): Cut {
  const { clip, video, duration } = timeline;
  const exact = exactCut(timeline, start, stop);
  if (clip === undefined || video?.pad !== undefined) return exact;
  if (video === undefined) return { ...exact, exactStart: false, exactEnd: false };
  const before = clip.window?.start ?? 0;
  const key = keyframeBefore(clip, before + start, halfFrameOf(video.stream));
  if (key === undefined) {
    builder.note(`${path}: no key frame is known before ${start} s, so the cut is made on the exact frame.`);
    return exact;
  }
  // A cut before this one has taken away what lies before its start.
  const at = Math.max(0, key - before);
  if (Math.abs(at - start) > halfFrameOf(video.stream)) {
    builder.note(`${path}: the cut starts at ${at.toFixed(3)} s, on the key frame before ${start} s.`);
  }
  return { start: at, end: stop ?? duration, toEnd: stop === undefined, exactStart: key < before, exactEnd: false };
}

function windowed(clip: Clip, timeline: Timeline, cut: Cut): Clip {
  const before = clip.window;
  const origin = before?.start ?? 0;
  const window: Window = {
    start: origin + cut.start,
    end: cut.toEnd ? (before?.end ?? Math.max(clip.probe.duration, timeline.duration)) : origin + cut.end,
    exactStart: cut.start === 0 ? (before?.exactStart ?? false) : cut.exactStart,
    exactEnd: cut.toEnd ? (before?.exactEnd ?? false) : cut.exactEnd,
  };
  return { ...clip, window };
}

function cutVideo(video: VideoState, { start, end, toEnd }: Cut): VideoState {
  const { frames: whole, ...rest } = video;
  const seconds = frameSeconds(video);
  const last = Math.min(end, video.end);
  const kept = Math.round((last - start) / seconds);
  // At the end of the clip the number of frames is as certain as it was before.
  const certain = !video.variable && (whole !== undefined || (!toEnd && end < video.end - seconds));
  const now = { end: Math.max(0, last - start), ...(certain && { frames: Math.max(1, kept) }) };
  if (video.pad === undefined) return { ...rest, ...now };
  return withVideo(
    { ...rest, ...now },
    chain(video.pad, ...videoCut(video, start, toEnd ? undefined : end, Math.max(1, kept))),
    'trim',
  );
}

function videoCut(video: VideoState, start: number, end: number | undefined, frames: number): Filter[] {
  const fromStart = filter('setpts', { expr: 'PTS-STARTPTS' });
  if (video.variable)
    return [filter('trim', { start: start - 0.0005, end: end === undefined ? undefined : end - 0.0005 }), fromStart];
  return [
    filter('trim', { start_frame: Math.round(start / frameSeconds(video)) }),
    fromStart,
    // New times have made the frame rate forgotten, and the end of the stream wrong.
    filter('fps', { fps: fraction(video.frameRate), start_time: 0 }),
    filter('trim', { end_frame: frames }),
  ];
}

function cutAudio(audio: AudioState, { start, end, toEnd }: Cut): AudioState | undefined {
  if (audio.end <= start) return undefined;
  const now = { end: Math.min(end, audio.end) - start };
  if (audio.pad === undefined) return { ...audio, ...now };
  return withAudio(audio, cutPad(audio.pad, audio.sampleRate, start, toEnd ? undefined : end), 'trim', now);
}

/** A range of audio, exact to the sample, that starts at 0. */
function cutPad(pad: Pad, sampleRate: number, start: number, end: number | undefined): Pad {
  return chain(
    pad,
    filter('atrim', {
      start_sample: Math.round(start * sampleRate),
      end_sample: end === undefined ? undefined : Math.round(end * sampleRate),
    }),
    filter('asetpts', { expr: 'PTS-STARTPTS' }),
  );
}
