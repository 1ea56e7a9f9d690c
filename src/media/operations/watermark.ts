import type { OperationParameters } from '../../model/job/operations.ts';
import { chain, type Filter, filter, join, type Pad } from '../filters/graph.ts';
import { graphicsFilters } from '../filters/hdr-graphics.ts';
import { clamp, decimal, even, fraction } from '../filters/numbers.ts';
import { toneMapFilters } from '../filters/tone-map.ts';
import type { Clip } from '../planning/clip.ts';
import { decodeInput } from '../planning/clip.ts';
import { missing, type OperationContext } from '../planning/plan-builder.ts';
import { isPicture, timelineOf } from '../planning/source.ts';
import { duringWindow, frameSeconds, type Timeline, type VideoState, withVideo } from '../planning/timeline.ts';
import { refusal } from '../planning/unsupported.ts';

type Parameters = OperationParameters['watermark'];
type Position = NonNullable<Parameters['position']>;

/** Lays a picture or a clip over the timeline; a clip starts with its window and repeats until that ends. */
export function watermark(timeline: Timeline, parameters: Parameters, { builder, path }: OperationContext): Timeline {
  const { video, pad } = builder.video(timeline, path);
  const { input, start, end, position = 'bottomRight', margin = 3 } = parameters;
  if (start !== undefined && start >= timeline.duration) {
    throw refusal(
      'SPEC_INVALID',
      `${path}.start`,
      `expected a moment before the end at ${timeline.duration.toFixed(3)} s, got ${start} s`,
    );
  }
  const once = builder.clip(input, `${path}.input`);
  const mark = timelineOf(once).video;
  if (mark === undefined) throw missing('video', `${path}.input`);
  const still = isPicture(once.probe);
  // FFmpeg decodes a second input ahead without a bound, and frames in GPU memory come from a pool that has one.
  const why = still ? '' : ', as nothing bounds how many frames of a clip would go to a GPU ahead of their time';
  builder.addPlacement('watermark', 'cpu', `the mark is laid over the picture in main memory${why}`);
  const clip = still ? once : builder.clipOf(once.probe, once.path, ['-stream_loop', '-1']);
  const size = sizeOf(mark, parameters.width, video);
  const edge = (margin / 100) * video.height;
  const tone = video.dynamicRange === mark.dynamicRange ? [] : toneMapFilters(builder, mark, 8, `${path}.input`);
  const marked = markPad(clip, mark, video, size, parameters, still, tone);
  const place = placementOf(position, edge, size, video);
  const overlaid = join(
    'video',
    [pad, marked],
    filter('overlay', {
      ...place,
      format: video.bitDepth === 10 ? 'yuv420p10' : 'yuv420',
      // A clip repeats for ever, so the timeline must decide where it ends.
      ...(still ? { eof_action: 'repeat' } : { shortest: 1 }),
      enable: duringWindow(video, start, end),
    }),
  );
  const layer = still ? { ...place, pad: markLayer(marked, video, parameters), endless: false } : undefined;
  return { ...timeline, video: withVideo(video, { ...overlaid, ...(layer && { layer }) }, 'watermark') };
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/** The wanted share of the picture's width, else the mark's own size; never larger than the picture. */
function sizeOf(mark: VideoState, share: number | undefined, picture: VideoState): Size {
  const wanted = share === undefined ? 1 : (picture.width * share) / 100 / mark.width;
  const factor = Math.min(wanted, picture.width / mark.width, picture.height / mark.height);
  return { width: even(mark.width * factor), height: even(mark.height * factor) };
}

function placementOf(
  position: Position,
  edge: number,
  size: Size,
  picture: VideoState,
): { readonly x: number; readonly y: number } {
  const side = /left/i.test(position) ? 'near' : /right/i.test(position) ? 'far' : 'middle';
  const rise = /top/i.test(position) ? 'near' : /bottom/i.test(position) ? 'far' : 'middle';
  return { x: along(side, edge, picture.width - size.width), y: along(rise, edge, picture.height - size.height) };
}

/** Where the mark begins in the room that it leaves; even, as 4:2:0 needs it. */
function along(side: 'near' | 'middle' | 'far', edge: number, room: number): number {
  const at = { near: edge, middle: room / 2, far: room - edge }[side];
  return Math.floor(clamp(at, 0, Math.max(0, room)) / 2) * 2;
}

function markPad(
  clip: Clip,
  mark: VideoState,
  picture: VideoState,
  { width, height }: Size,
  { opacity = 1, start = 0 }: Parameters,
  still: boolean,
  tone: readonly Filter[],
): Pad {
  const { input } = decodeInput(clip);
  const source: Pad = { from: 'stream', medium: 'video', input, stream: mark.stream.index };
  return chain(
    source,
    ...(still ? [] : [filter('fps', { fps: fraction(picture.frameRate), start_time: 0 })]),
    ...(still || start === 0 ? [] : [filter('setpts', { expr: `PTS+${decimal(start)}/TB` })]),
    ...tone,
    filter('scale', { w: width, h: height, flags: 'bicubic' }),
    filter('setsar', { sar: '1' }),
    // Keeps transparency where there is some, and has room for the opacity.
    filter('format', { pix_fmts: 'rgba' }),
    ...(mark.dynamicRange === picture.dynamicRange ? [] : graphicsFilters(picture.dynamicRange)),
    ...(opacity < 1 ? [filter('colorchannelmixer', { aa: opacity })] : []),
  );
}

/** A still mark as a layer of the whole timeline, which shows nothing outside of its time: one frame for each change. */
function markLayer(mark: Pad, picture: VideoState, { start = 0, end }: Parameters): Pad {
  const until = end !== undefined && end < picture.end ? end : undefined;
  // Half a frame early, so that the frame that is meant is the first to be on the other side.
  const early = frameSeconds(picture) / 2;
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
