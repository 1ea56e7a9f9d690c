import type { OperationParameters } from '../../model/job/operations.ts';
import { chain, type Filter, filter, join, type Pad } from '../filters/graph.ts';
import { graphicsFilters } from '../filters/hdr-graphics.ts';
import { clamp, decimal, even, fraction } from '../filters/numbers.ts';
import { toneMapFilters } from '../filters/tone-map.ts';
import type { Clip } from '../planning/clip.ts';
import { decodeInput } from '../planning/clip.ts';
import { missingStreamError, type OperationContext } from '../planning/plan-builder.ts';
import { planError } from '../planning/plan-error.ts';
import { isStillImage, timelineOf } from '../planning/source.ts';
import { duringWindow, frameSeconds, type Timeline, type VideoState, withVideo } from '../planning/timeline.ts';

type Parameters = OperationParameters['watermark'];
type Position = NonNullable<Parameters['position']>;

/** Overlays an image or a clip; a clip starts with its time window and repeats until that ends. */
export function watermark(timeline: Timeline, parameters: Parameters, { builder, path }: OperationContext): Timeline {
  const { video, pad } = builder.video(timeline, path);
  const { input, start, end, position = 'bottomRight', margin = 3 } = parameters;
  if (start !== undefined && start >= timeline.duration) {
    throw planError(
      'SPEC_INVALID',
      `${path}.start`,
      `expected a moment before the end at ${timeline.duration.toFixed(3)} s, got ${start} s`,
    );
  }
  const once = builder.clip(input, `${path}.input`);
  const mark = timelineOf(once).video;
  if (mark === undefined) throw missingStreamError('video', `${path}.input`);
  const still = isStillImage(once.probe);
  // FFmpeg decodes a second input ahead without a bound, and frames in GPU memory come from a pool that has one.
  const why = still ? '' : ', as FFmpeg may decode any number of frames of a clip ahead and GPU memory is limited';
  builder.addPlacement('watermark', 'cpu', `the mark is overlaid in main memory${why}`);
  const size = sizeOf(mark, parameters.width, video);
  const marked = markPad({
    clip: still ? once : builder.clipOf(once.probe, once.path, ['-stream_loop', '-1']),
    mark,
    video,
    size,
    parameters,
    still,
    toneMap: video.dynamicRange === mark.dynamicRange ? [] : toneMapFilters(builder, mark, 8, `${path}.input`),
  });
  const corner = cornerOf(position, (margin / 100) * video.height, size, video);
  const overlaid = join(
    'video',
    [pad, marked],
    filter('overlay', {
      ...corner,
      format: video.bitDepth === 10 ? 'yuv420p10' : 'yuv420',
      // A clip repeats for ever, so the timeline must decide where it ends.
      ...(still ? { eof_action: 'repeat' } : { shortest: 1 }),
      enable: duringWindow(video, start, end),
    }),
  );
  const layer = still ? { ...corner, pad: markLayer(marked, video, parameters), endless: false } : undefined;
  return { ...timeline, video: withVideo(video, { ...overlaid, ...(layer && { layer }) }, 'watermark') };
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/** The requested share of the video's width, else the mark's own size; never larger than the video. */
function sizeOf(mark: VideoState, share: number | undefined, video: VideoState): Size {
  const requested = share === undefined ? 1 : (video.width * share) / 100 / mark.width;
  const factor = Math.min(requested, video.width / mark.width, video.height / mark.height);
  return { width: even(mark.width * factor), height: even(mark.height * factor) };
}

/** The upper left corner of the mark. */
function cornerOf(
  position: Position,
  margin: number,
  size: Size,
  video: VideoState,
): { readonly x: number; readonly y: number } {
  const across = /left/i.test(position) ? 'near' : /right/i.test(position) ? 'far' : 'middle';
  const down = /top/i.test(position) ? 'near' : /bottom/i.test(position) ? 'far' : 'middle';
  return { x: along(across, margin, video.width - size.width), y: along(down, margin, video.height - size.height) };
}

/** Where the mark begins in the free space of one axis; even, as 4:2:0 needs it. */
function along(side: 'near' | 'middle' | 'far', margin: number, free: number): number {
  const at = { near: margin, middle: free / 2, far: free - margin }[side];
  return Math.floor(clamp(at, 0, Math.max(0, free)) / 2) * 2;
}

interface MarkOptions {
  readonly clip: Clip;
  readonly mark: VideoState;
  readonly video: VideoState;
  readonly size: Size;
  readonly parameters: Parameters;
  /** The mark is an image, not a clip. */
  readonly still: boolean;
  readonly toneMap: readonly Filter[];
}

function markPad({ clip, mark, video, size, parameters, still, toneMap }: MarkOptions): Pad {
  const { width, height } = size;
  const { opacity = 1, start = 0 } = parameters;
  const { input } = decodeInput(clip);
  const source: Pad = { from: 'stream', medium: 'video', input, stream: mark.stream.index };
  return chain(
    source,
    ...(still ? [] : [filter('fps', { fps: fraction(video.frameRate), start_time: 0 })]),
    ...(still || start === 0 ? [] : [filter('setpts', { expr: `PTS+${decimal(start)}/TB` })]),
    ...toneMap,
    filter('scale', { w: width, h: height, flags: 'bicubic' }),
    filter('setsar', { sar: '1' }),
    // Keeps transparency where there is some, and has room for the opacity.
    filter('format', { pix_fmts: 'rgba' }),
    ...(mark.dynamicRange === video.dynamicRange ? [] : graphicsFilters(video.dynamicRange)),
    ...(opacity < 1 ? [filter('colorchannelmixer', { aa: opacity })] : []),
  );
}

/** A still mark as a layer of the whole timeline, transparent outside its time window: one frame for each change. */
function markLayer(mark: Pad, video: VideoState, { start = 0, end }: Parameters): Pad {
  const until = end !== undefined && end < video.end ? end : undefined;
  // Half a frame early, so that the frame that is meant is the first to be on the other side.
  const early = frameSeconds(video) / 2;
  const clear = (enable: string): Filter => filter('colorchannelmixer', { aa: 0, enable });
  const changes = [
    ...(start > 0 ? [0] : []),
    ...(start > 0 ? [start - early] : [0]),
    ...(until === undefined ? [] : [until - early]),
  ];
  if (changes.length === 1) return mark;
  const shown = start > 0 ? 1 : 0;
  const times = changes.reduceRight(
    (later, time, at) => (later === '' ? decimal(time) : `if(eq(N,${at}),${decimal(time)},${later})`),
    '',
  );
  return chain(
    mark,
    filter('trim', { end_frame: 1 }),
    filter('loop', { loop: changes.length - 1, size: 1 }),
    filter('settb', { expr: '1/1000000' }),
    filter('setpts', { expr: `(${times})/TB` }),
    clear(`not(eq(n,${shown}))`),
  );
}
