import type { OperationParameters } from '../../model/job/operations.ts';
import { outputKey } from '../../model/job/output-keys.ts';
import { chain, type Filter, filter, join, type Pad } from '../filters/graph.ts';
import { decimal, even } from '../filters/numbers.ts';
import { toneMapFilters } from '../filters/tone-map.ts';
import type { PlannedOutput } from '../planning/plan.ts';
import { missingStreamError, type OperationContext, type PlanBuilder } from '../planning/plan-builder.ts';
import { planError } from '../planning/plan-error.ts';
import { onFrame, type Timeline, type VideoState } from '../planning/timeline.ts';
import { gridPad, gridRate, gridSeconds, rangePad } from './thumbnail-frames.ts';

type Parameters = OperationParameters['thumbnail'];
type Poster = NonNullable<Parameters['poster']>;
type Sprite = NonNullable<Parameters['sprite']>;
type Preview = NonNullable<Parameters['preview']>;

/** What all kinds share: the video at this point and the name of the output. */
interface Frame {
  readonly timeline: Timeline;
  readonly video: VideoState;
  readonly context: OperationContext;
  readonly name: string;
}

/** Images of the timeline as it is at this point, written by the same process as the main output. */
export function thumbnail(
  timeline: Timeline,
  { name, poster, sprite, preview }: Parameters,
  context: OperationContext,
): Timeline {
  const { builder, path } = context;
  const { video } = timeline;
  if (video === undefined) throw missingStreamError('video', path);
  const kind = poster ? 'poster' : sprite ? 'sprite' : 'preview';
  const frame: Frame = { timeline, video, context, name: uniqueName(builder, name ?? kind, path) };
  builder.addPlacement('thumbnail', 'cpu', 'a few frames are scaled and written as images beside the main output');
  if (poster) makePoster(frame, poster);
  if (sprite) makeSprite(frame, sprite);
  if (preview) makePreview(frame, preview);
  return timeline;
}

function uniqueName(builder: PlanBuilder, name: string, path: string): string {
  const { renditions } = builder.request.spec.output;
  const taken = [
    'main',
    ...(renditions ?? []).map((rendition) => rendition.name),
    ...builder.auxiliaryOutputs.map(({ output }) => output.name),
    ...builder.texts.map((output) => output.name),
  ];
  if (!taken.includes(name)) return name;
  throw planError('SPEC_INVALID', `${path}.name`, `expected a name that no other output has, got ${name}`);
}

const images = {
  jpeg: {
    extension: 'jpg',
    mediaType: 'image/jpeg',
    codec: 'mjpeg',
    format: 'yuvj420p',
    args: ['-c:v', 'mjpeg', '-q:v', '3', '-f', 'image2', '-update', '1'],
  },
  png: {
    extension: 'png',
    mediaType: 'image/png',
    codec: 'png',
    format: 'rgb24',
    args: ['-c:v', 'png', '-f', 'image2', '-update', '1'],
  },
  webp: {
    extension: 'webp',
    mediaType: 'image/webp',
    codec: 'webp',
    format: 'yuv420p',
    args: ['-c:v', 'libwebp', '-quality', '85', '-f', 'webp'],
  },
} as const;

function makePoster(frame: Frame, { at, width, format = 'jpeg' }: Poster): void {
  const { timeline, video, context } = frame;
  const { duration } = timeline;
  checkMoment(at, duration, `${context.path}.poster.at`);
  // The last frame starts one frame before the end.
  const moment = Math.max(
    0,
    Math.min(
      onFrame({ ...video, variable: false, frameRate: gridRate(video) }, at ?? duration / 10),
      video.end - gridSeconds(video),
    ),
  );
  const image = images[format];
  context.builder.needEncoder(format === 'webp' ? 'libwebp' : image.codec, `${context.path}.poster.format`);
  const size = sizeOf(video, width);
  const pad = chain(
    rangePad(context.builder, timeline, video, moment, undefined),
    filter('trim', { end_frame: 1 }),
    ...shrink(frame, size),
    filter('format', { pix_fmts: image.format }),
  );
  addImage(frame, pad, ['-frames:v', '1', ...image.args], {
    kind: 'image',
    extension: image.extension,
    mediaType: image.mediaType,
    ...size,
    codec: image.codec,
  });
}

/** Longest side of a JPEG image, and a size that decoders still load into memory. */
const longestSide = 65_500;
const mostPixels = 100_000_000;

function makeSprite(frame: Frame, { interval, width = 160, columns = 10 }: Sprite): void {
  const { timeline, video, context } = frame;
  const { builder, path } = context;
  const { duration } = timeline;
  const step = Math.max(gridSeconds(video), 0.001, interval ?? Math.ceil(duration * 10) / 1000);
  const count = Math.max(1, Math.ceil(duration / step - 1e-6));
  const across = Math.min(columns, count);
  const rows = Math.ceil(count / across);
  const cell = sizeOf(video, width);
  const sheet = { width: cell.width * across, height: cell.height * rows };
  if (sheet.width > longestSide || sheet.height > longestSide || sheet.width * sheet.height > mostPixels) {
    throw planError(
      'SPEC_INVALID',
      `${path}.sprite`,
      `expected a sheet of at most ${mostPixels} pixels, got ${count} frames on ${sheet.width}x${sheet.height}`,
      'Use a longer interval or a smaller width.',
    );
  }
  // The middle of each interval stands for it; half a frame early, so that the frame at that moment counts.
  const early = gridSeconds(video) / 2;
  const last = ((count - 1) * step + duration) / 2 - early;
  const moment = `min((selected_n+0.5)*${decimal(step)}-${decimal(early)},${decimal(Math.max(0, last))})`;
  const pad = chain(
    gridPad(video, builder.padOf(timeline, video)),
    filter('select', { expr: `gte(t,${moment})` }),
    ...shrink(frame, cell),
    filter('tile', { layout: `${across}x${rows}`, nb_frames: count }),
    filter('format', { pix_fmts: images.jpeg.format }),
  );
  builder.needEncoder('mjpeg', path);
  addImage(frame, pad, ['-frames:v', '1', ...images.jpeg.args], {
    kind: 'sprite',
    extension: 'jpg',
    mediaType: 'image/jpeg',
    ...sheet,
    codec: 'mjpeg',
  });
  addIndex(frame, { count, step, across, cell });
}

interface Sheet {
  readonly count: number;
  readonly step: number;
  readonly across: number;
  readonly cell: { readonly width: number; readonly height: number };
}

/** The WebVTT index of a sheet: one cue per frame, with its position as a media fragment (W3C Media Fragments, 4.2.2). */
function addIndex({ timeline, context, name }: Frame, { count, step, across, cell }: Sheet): void {
  const { builder } = context;
  const sheet = outputKey(builder.request.spec.identity, name, 'jpg');
  const cues = Array.from({ length: count }, (_, index) => {
    const end = Math.min((index + 1) * step, timeline.duration);
    const fragment = [
      (index % across) * cell.width,
      Math.floor(index / across) * cell.height,
      cell.width,
      cell.height,
    ].join(',');
    return `${clock(index * step)} --> ${clock(end)}\n${sheet}#xywh=${fragment}\n`;
  });
  const path = builder.write(`${name}-index.vtt`, `WEBVTT\n\n${cues.join('\n')}`);
  builder.texts.push({
    name: `${name}-index`,
    kind: 'vtt',
    path,
    extension: 'vtt',
    mediaType: 'text/vtt',
    expect: { video: false, audio: false },
    contract: builder.request.spec.output.contract ?? {},
  });
}

function clock(seconds: number): string {
  const milliseconds = Math.round(seconds * 1000);
  const two = (value: number): string => String(value).padStart(2, '0');
  const whole = Math.floor(milliseconds / 1000);
  return `${two(Math.floor(whole / 3600))}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}.${String(milliseconds % 1000).padStart(3, '0')}`;
}

function makePreview(
  frame: Frame,
  { start = 0, duration: length = 3, width = 320, fps = 10, format = 'webp' }: Preview,
): void {
  const { timeline, video, context } = frame;
  const { builder, path } = context;
  checkMoment(start, timeline.duration, `${path}.preview.start`);
  const size = sizeOf(video, Math.min(width, video.width));
  const seconds = Math.min(length, timeline.duration - start);
  const frames = Math.max(1, Math.round(seconds * fps));
  const moving = chain(
    rangePad(context.builder, timeline, video, onFrame(video, start), seconds),
    // A clip shorter than a frame of the preview would leave none.
    filter('fps', { fps, start_time: 0, eof_action: 'pass' }),
    // Encoders of animations need at least two frames.
    ...(frames < 2 ? [filter('tpad', { stop_mode: 'clone', stop: 1 })] : []),
    filter('trim', { end_frame: Math.max(2, frames) }),
    ...shrink(frame, size),
  );
  if (format === 'gif') {
    builder.needEncoder('gif', `${path}.preview.format`);
    const palette = chain(moving, filter('palettegen', { stats_mode: 'diff' }));
    const pad = join('video', [moving, palette], filter('paletteuse', { dither: 'bayer', bayer_scale: 5 }));
    addImage(frame, pad, ['-c:v', 'gif', '-loop', '0', '-f', 'gif'], {
      kind: 'preview',
      extension: 'gif',
      mediaType: 'image/gif',
      ...size,
      codec: 'gif',
    });
    return;
  }
  builder.needEncoder('libwebp_anim', `${path}.preview.format`);
  const pad = chain(moving, filter('format', { pix_fmts: 'yuv420p' }));
  const args = ['-c:v', 'libwebp_anim', '-quality', '75', '-loop', '0', '-f', 'webp'];
  addImage(frame, pad, args, { kind: 'preview', extension: 'webp', mediaType: 'image/webp', ...size, codec: 'webp' });
}

function checkMoment(moment: number | undefined, duration: number, path: string): void {
  if (moment === undefined || moment < duration) return;
  throw planError(
    'SPEC_INVALID',
    path,
    `expected a moment before the end at ${duration.toFixed(3)} s, got ${moment} s`,
  );
}

function sizeOf(video: VideoState, width: number | undefined): { readonly width: number; readonly height: number } {
  if (width === undefined) return { width: video.width, height: video.height };
  return { width: even(width), height: even((video.height * width) / video.width) };
}

function shrink({ video, context }: Frame, size: { readonly width: number; readonly height: number }): Filter[] {
  const tone = toneMapFilters(context.builder, video, 8, context.path);
  const same = size.width === video.width && size.height === video.height;
  return [...tone, ...(same ? [] : [filter('scale', { w: size.width, h: size.height, flags: 'bicubic' })])];
}

function addImage(
  { context, name }: Frame,
  pad: Pad,
  args: readonly string[],
  {
    kind,
    extension,
    mediaType,
    width,
    height,
    codec,
  }: Pick<PlannedOutput, 'kind' | 'extension' | 'mediaType'> & {
    readonly width: number;
    readonly height: number;
    readonly codec: string;
  },
): void {
  const { builder } = context;
  builder.auxiliaryOutputs.push({
    pad,
    args,
    output: {
      name,
      kind,
      path: `${builder.request.scratchDir}/${name}.${extension}`,
      extension,
      mediaType,
      expect: { video: true, audio: false, width, height, videoCodec: codec },
      contract: builder.request.spec.output.contract ?? {},
    },
  });
}
