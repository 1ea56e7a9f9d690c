import { chain, type Filter, filter, type Pad } from '../filters/graph.ts';
import { fraction, type Rational, ratio } from '../filters/numbers.ts';
import type { Clip } from '../planning/clip.ts';
import type { PlanBuilder } from '../planning/plan-builder.ts';
import { videoPad } from '../planning/source.ts';
import type { Timeline, VideoState } from '../planning/timeline.ts';

/** Frames per second, at least, where the rate varies: the mean may be far below what moves. */
const finestGrid = 30;

/** The constant rate at which frames are counted here. */
export function gridRate({ variable, frameRate }: VideoState): Rational {
  return variable && ratio(frameRate) < finestGrid ? { num: finestGrid, den: 1 } : frameRate;
}

/** Seconds of one frame of that rate. */
export function gridSeconds(video: VideoState): number {
  return 1 / ratio(gridRate(video));
}

/** Frames at a constant rate, so that every moment up to the end has one. */
export function gridPad(video: VideoState, pad: Pad): Pad {
  return video.variable ? chain(pad, filter('fps', { fps: fraction(gridRate(video)), start_time: 0 })) : pad;
}

/** Frames before a moment that are read where the rate varies: the frame that stands there may have begun earlier. */
const variableLead = 10;

/** The video from a time on, starting at 0. An unchanged file is read from there instead of from its beginning. */
export function rangePad(
  builder: PlanBuilder,
  timeline: Timeline,
  video: VideoState,
  start: number,
  seconds: number | undefined,
): Pad {
  const { clip } = timeline;
  const rate = gridRate(video);
  const frames = (length: number): number => Math.round(length * ratio(rate));
  const cut = (from: number): Filter[] => [
    filter('trim', {
      start_frame: frames(from),
      end_frame: seconds === undefined ? undefined : frames(from + seconds) + 1,
    }),
    filter('setpts', { expr: 'PTS-STARTPTS' }),
  ];
  if (video.pad !== undefined || clip === undefined)
    return chain(gridPad(video, builder.padOf(timeline, video)), ...cut(start));
  const lead = video.variable ? Math.min(start, variableLead) : 0;
  const ahead = windowFrom(clip, start - lead, (seconds ?? 1) + lead + 1);
  const still: VideoState = {
    ...video,
    variable: false,
    frameRate: rate,
    end: Math.max(gridSeconds(video), Math.min(video.end - start + lead, (seconds ?? 1) + lead + 1)),
  };
  return chain(videoPad(ahead, still, builder.deinterlace), ...cut(lead));
}

function windowFrom(clip: Clip, start: number, seconds: number): Clip {
  const origin = clip.window?.start ?? 0;
  const end = Math.min(clip.window?.end ?? Number.POSITIVE_INFINITY, origin + start + seconds);
  return { ...clip, window: { start: origin + start, end, exactStart: true, exactEnd: true } };
}
