import type { Caption, OperationParameters, SubtitleStyle } from '../../model/job/operations.ts';
import { fileUrl } from '../filters/escape.ts';
import { type FilterOptions, filter, generate, join, type Layer, type Pad } from '../filters/graph.ts';
import { graphicsColour } from '../filters/hdr-graphics.ts';
import { fraction } from '../filters/numbers.ts';
import { assStyle, toAss } from '../outputs/captions.ts';
import { hasTextTimes } from '../outputs/text-times.ts';
import { cutTracks } from '../outputs/text-tracks.ts';
import type { OperationContext } from '../planning/plan-builder.ts';
import { planError } from '../planning/plan-error.ts';
import {
  type DynamicRange,
  type TextSource,
  type TextTrack,
  type Timeline,
  type VideoState,
  withVideo,
} from '../planning/timeline.ts';
import type { Probe, SubtitleStream } from '../probe/probe.ts';

type Parameters = OperationParameters['subtitle'];

/** Draws text on frames, or adds a track that a player can switch. Times are those of the timeline at this point. */
export function subtitle(timeline: Timeline, parameters: Parameters, context: OperationContext): Timeline {
  return parameters.mode === 'soft' ? soft(timeline, parameters, context) : burn(timeline, parameters, context);
}

function burn(timeline: Timeline, { captions, input, style = {} }: Parameters, context: OperationContext): Timeline {
  const { builder, path, index } = context;
  const { video, pad } = builder.video(timeline, path);
  builder.needFilter('subtitles', path);
  builder.addPlacement('subtitle', 'cpu', 'libass draws text in main memory');
  const size = { original_size: `${video.width}x${video.height}` };
  if (captions !== undefined) {
    checkTimes(captions, timeline.duration, context);
    const file = builder.write(`captions-${index}.ass`, toAss(captions, lit(style, video.dynamicRange), video));
    return { ...timeline, video: written(video, pad, { filename: fileUrl(file), ...size }) };
  }
  const { probe, order } = textInput(input, context);
  const plain = Object.keys(style).length === 0;
  const members = plain ? plainColour(probe, video) : forcedStyle(lit(style, video.dynamicRange));
  // Fonts that are attached to a film are loaded with its track.
  const track = order === undefined ? { charenc: 'UTF-8' } : { stream_index: order };
  const text = { filename: fileUrl(probe.path), ...size, ...track, force_style: members };
  return { ...timeline, video: written(video, pad, text) };
}

/** Frames with text: drawn on the CPU, or on a transparent layer that a GPU overlays. */
function written(video: VideoState, pad: Pad, text: FilterOptions): VideoState {
  const page = generate(
    'video',
    filter('color', { color: 'black@0', size: `${video.width}x${video.height}`, rate: fraction(video.frameRate) }),
    filter('format', { pix_fmts: 'bgra' }),
    filter('subtitles', { ...text, alpha: 1 }),
  );
  const layer: Layer = { pad: page, x: 0, y: 0, endless: true };
  return withVideo(video, { ...join('video', [pad], filter('subtitles', text)), layer }, 'subtitle');
}

/** A style whose colours are those of graphics on video of this range. */
function lit(style: SubtitleStyle, range: DynamicRange): SubtitleStyle {
  if (range === 'sdr') return style;
  const { color = '#ffffff', outlineColor = '#000000' } = style;
  return { ...style, color: graphicsColour(color, range), outlineColor: graphicsColour(outlineColor, range) };
}

/** The colour of text without colours of its own, where white would be too bright. */
function plainColour({ subtitles }: Probe, { dynamicRange }: VideoState): string | undefined {
  const styled = subtitles.some(({ codec }) => codec === 'ass' || codec === 'ssa');
  if (dynamicRange === 'sdr' || styled) return undefined;
  return `PrimaryColour=${assStyle(lit({}, dynamicRange), scriptPage)['PrimaryColour'] ?? ''}`;
}

/** libass lays out SubRip and WebVTT on a page of 384x288, whatever the size of the frames. */
const scriptPage = { width: 384, height: 288 };

function forcedStyle(style: NonNullable<Parameters['style']>): string {
  // Forced styles bypass libass's parser of scripts, so this one member is in its internal code.
  const members = {
    ...assStyle(style, scriptPage),
    Alignment: { bottom: 2, middle: 10, top: 6 }[style.position ?? 'bottom'],
  };
  return Object.entries(members)
    .map(([name, value]) => `${name}=${value}`)
    .join(',');
}

const textFormats = ['srt', 'webvtt', 'ass', 'ssa'];
const textCodecs = ['subrip', 'webvtt', 'ass', 'ssa', 'mov_text', 'text'];

/** The text of an input: a file of subtitles, or the first text track of a film. */
interface TextInput {
  readonly probe: Probe;
  readonly track: SubtitleStream;
  /** Its number among the subtitle tracks of a film; absent for a file of subtitles. */
  readonly order?: number;
}

function textInput(name: string | undefined, { builder, path }: OperationContext): TextInput {
  const { probe } = builder.clip(name ?? '', `${path}.input`);
  const order = probe.subtitles.findIndex(({ codec }) => textCodecs.includes(codec));
  const track = probe.subtitles[order];
  if (track !== undefined) return { probe, track, ...(!textFormats.includes(probe.format) && { order }) };
  throw planError(
    'INPUT_UNSUPPORTED',
    `${path}.input`,
    `expected an SRT, WebVTT or ASS file, or a film with a track of text, got ${probe.format} without one`,
  );
}

function checkTimes(captions: readonly Caption[], duration: number, { builder, path }: OperationContext): void {
  const late = captions.filter(({ from }) => from >= duration * 1000).length;
  if (late > 0)
    builder.note(
      `${path}.captions: ${late} of ${captions.length} begin after the end at ${duration.toFixed(3)} s and are not shown.`,
    );
}

function soft(timeline: Timeline, { captions, input, language }: Parameters, context: OperationContext): Timeline {
  const { builder, path, index } = context;
  builder.addPlacement('subtitle', 'copy', 'the text becomes a track of its own; the video is not changed');
  const common = { ...(language !== undefined && { language }), skip: 0, delay: 0, end: timeline.duration };
  if (captions !== undefined) {
    checkTimes(captions, timeline.duration, context);
    const track: TextTrack = { ...common, text: { name: `captions-${index}`, captions } };
    const shown = cutTracks([track], 0, timeline.duration);
    return { ...timeline, tracks: [...timeline.tracks, ...shown] };
  }
  const { probe, track, order } = textInput(input, context);
  if (timeline.video === undefined)
    throw planError('INPUT_UNSUPPORTED', path, 'expected a video stream to show subtitles on, got a file without one');
  const text = {
    path: probe.path,
    codec: track.codec,
    ...(order === undefined ? sourceOf(probe) : { stream: track.index }),
  };
  const said = language ?? track.language;
  const added: TextTrack = { ...common, ...(said !== undefined && { language: said }), text };
  return { ...timeline, tracks: [...timeline.tracks, added] };
}

function sourceOf({ text, format }: Probe): { readonly source?: TextSource } {
  return text !== undefined && hasTextTimes(format) ? { source: { content: text, format } } : {};
}
