import { chain, type Filter, filter, type Pad } from '../filters/graph.ts';
import { decimal, even, fraction, type Rational } from '../filters/numbers.ts';
import type { AudioStream, Probe, VideoStream } from '../probe/probe.ts';
import { type Clip, decodeInput, halfFrameOf, keepsGraph, reachesEnd } from './clip.ts';
import type { AudioState, DynamicRange, Timeline, VideoState } from './timeline.ts';

export type Deinterlace = 'auto' | 'always' | 'never';

/** The timeline of one whole clip, unchanged. */
export function timelineOf(clip: Clip): Timeline {
  const { probe } = clip;
  const video = videoOf(probe);
  const audio = audioOf(probe);
  return {
    clip,
    ...(video && { video }),
    ...(audio && { audio }),
    duration: probe.duration > 0 ? probe.duration : Math.max(video?.end ?? 0, audio?.end ?? 0),
    tracks: [],
    retimed: false,
  };
}

function videoOf(probe: Probe): VideoState | undefined {
  const stream = probe.video[0];
  if (stream === undefined) return undefined;
  const frameRate: Rational = stream.frameRate.num > 0 ? stream.frameRate : { num: 25, den: 1 };
  const seconds = stream.duration ?? probe.duration;
  const frames = Math.round((seconds * frameRate.num) / frameRate.den);
  const { width, height } = displaySize(stream);
  return {
    width,
    height,
    frameRate,
    variable: stream.variableFrameRate,
    bitDepth: stream.bitDepth > 8 ? 10 : 8,
    dynamicRange: dynamicRangeOf(stream),
    end: Math.max(0, stream.startTime - probe.startTime) + seconds,
    stream,
    changes: [],
    // A file may hold more frames than it shows (edit lists), so the count is trusted when two sources agree.
    ...(stream.frames === frames && !stream.variableFrameRate && startsOnTime(stream, probe) && { frames }),
  };
}

function startsOnTime(stream: VideoStream, probe: Probe): boolean {
  return Math.abs(stream.startTime - probe.startTime) <= halfFrameOf(stream);
}

function displaySize(stream: VideoStream): { readonly width: number; readonly height: number } {
  const wide = stretched(stream);
  const turned = stream.rotation === 90 || stream.rotation === 270;
  return turned
    ? { width: even(stream.height - (stream.height % 2)), height: wide }
    : { width: wide, height: even(stream.height - (stream.height % 2)) };
}

/** Width with square pixels. */
function stretched({ width, sampleAspectRatio }: VideoStream): number {
  return isSquare(sampleAspectRatio)
    ? even(width - (width % 2))
    : even((width * sampleAspectRatio.num) / sampleAspectRatio.den);
}

function isSquare({ num, den }: Rational): boolean {
  return num <= 0 || den <= 0 || num === den;
}

function dynamicRangeOf({ colorTransfer }: VideoStream): DynamicRange {
  if (colorTransfer === 'smpte2084') return 'pq';
  return colorTransfer === 'arib-std-b67' ? 'hlg' : 'sdr';
}

/** Layouts by number of channels: those that every encoder takes. */
const layouts = ['mono', 'stereo', '3.0', 'quad', '5.0', '5.1', '6.1', '7.1'] as const;

export function layoutOf(channels: number): string {
  return layouts[channels - 1] ?? 'stereo';
}

function audioOf(probe: Probe): AudioState | undefined {
  const stream = probe.audio[0];
  if (stream === undefined) return undefined;
  const channels = stream.channels >= 1 && stream.channels <= layouts.length ? stream.channels : 2;
  return {
    sampleRate: stream.sampleRate > 0 ? stream.sampleRate : 48_000,
    channels,
    layout: layoutOf(channels),
    end: Math.max(0, stream.startTime - probe.startTime) + (stream.duration ?? probe.duration),
    stream,
    changes: [],
  };
}

export function pixelFormat(bitDepth: 8 | 10): string {
  return bitDepth === 10 ? 'yuv420p10le' : 'yuv420p';
}

/**
 * The video as a pad: cut to the clip's window, progressive, with square pixels, in 4:2:0, and for constant rates on a
 * grid of frames that starts at 0. Every operation can rely on that.
 */
export function videoPad(clip: Clip, video: VideoState, deinterlace: Deinterlace): Pad {
  if (video.pad !== undefined) return video.pad;
  const { stream } = video;
  const { input, from } = decodeInput(clip);
  const source: Pad = { from: 'stream', medium: 'video', input, stream: stream.index, video: stream };
  return chain(
    guarded(source, stream),
    ...windowFilters(clip, from, video),
    ...deinterlaceFilters(stream, deinterlace),
    ...shapeFilters(stream, video),
    filter('format', { pix_fmts: pixelFormat(video.bitDepth) }),
  );
}

/** Frames of one size, also where they change their size in mid-stream. */
function guarded(source: Pad, stream: VideoStream): Pad {
  if (!keepsGraph(stream)) return source;
  const size = filter('scale', { w: stream.width, h: stream.height });
  return { from: 'filter', medium: 'video', inputs: [source], filters: [size], guard: true };
}

/** The frames of the clip's window, from 0 on; constant rates on an even grid, whatever gaps the file has. */
function windowFilters(clip: Clip, from: number, video: VideoState): Filter[] {
  const { frameRate, variable } = video;
  const grid = filter('fps', { fps: fraction(frameRate), start_time: 0 });
  const { window } = clip;
  if (window === undefined) return variable ? [] : [grid];
  const start = window.start - from;
  if (variable) return variableWindow(start, reachesEnd(clip) ? undefined : window.end - from);
  const count = Math.max(1, Math.round((video.end * frameRate.num) / frameRate.den));
  return [
    // Before the grid, so that no frame of the file is rounded to its neighbour, and because it forgets the frame rate.
    ...(start < 1e-6 ? [] : [filter('setpts', { expr: `round(PTS-${decimal(start)}/TB)` })]),
    grid,
    filter('trim', { end_frame: count }),
  ];
}

function variableWindow(start: number, end: number | undefined): Filter[] {
  const early = 0.0005;
  return [
    filter('trim', { start: Math.max(0, start - early), end: end === undefined ? undefined : end - early }),
    // The first frame stands at 0 even where it came a little late, so that players show it from the beginning.
    filter('setpts', { expr: `if(eq(N,0),0,round(PTS-${decimal(start)}/TB))` }),
  ];
}

function deinterlaceFilters({ interlaced }: VideoStream, mode: Deinterlace): Filter[] {
  const always = filter('bwdif', { mode: 'send_frame', deint: 'all' });
  // A GPU works on frames that say that they are interlaced, and on no others.
  if (mode === 'always') return interlaced ? [always] : [filter('setfield', { mode: 'tff' }), always];
  return mode === 'auto' && interlaced ? [filter('bwdif', { mode: 'send_frame', deint: 'interlaced' })] : [];
}

function shapeFilters(stream: VideoStream, { width, height }: VideoState): Filter[] {
  const rgb = /^(rgb|bgr|gbr|argb|abgr|pal8)/.test(stream.pixelFormat);
  const full = stream.colorRange === 'pc' || stream.pixelFormat.startsWith('yuvj');
  const range = full ? { in_range: 'full', out_range: 'limited' } : {};
  const matrix = rgb ? { out_color_matrix: 'bt709', out_range: 'limited' } : {};
  if (!isSquare(stream.sampleAspectRatio)) {
    return [filter('scale', { w: width, h: height, ...range, ...matrix }), filter('setsar', { sar: '1' })];
  }
  const odd = stream.width % 2 === 1 || stream.height % 2 === 1;
  // Nothing can be cut off a single row or column.
  if (stream.width < 2 || stream.height < 2) return [filter('scale', { w: width, h: height, ...range, ...matrix })];
  return [
    // An odd last row or column is cut off: scaling would soften the whole frame.
    ...(odd ? [filter('crop', { w: width, h: height, x: 0, y: 0 })] : []),
    ...(full || rgb ? [filter('scale', { ...range, ...matrix })] : []),
  ];
}

/** The audio as a pad: cut to the window of the clip, without gaps, from 0 on, in floating point. */
export function audioPad(clip: Clip, audio: AudioState): Pad {
  if (audio.pad !== undefined) return audio.pad;
  const { input, from } = decodeInput(clip);
  const source: Pad = { from: 'stream', medium: 'audio', input, stream: audio.stream.index };
  const { window } = clip;
  const start = (window?.start ?? 0) - from;
  return chain(
    source,
    ...(window === undefined
      ? []
      : [
          filter('atrim', { start, end: reachesEnd(clip) ? undefined : window.end - from }),
          filter('asetpts', { expr: `round(PTS-${decimal(start)}/TB)` }),
        ]),
    // Fills holes of more than a tenth of a second, and silence up to a late first sample.
    filter('aresample', { async: 1, first_pts: 0 }),
    ...mixChannels(audio.stream.channels, audio.channels),
    audioFormat(audio),
  );
}

/**
 * Filters that bring audio to another number of channels. Mono goes on two channels unchanged: FFmpeg's own mix would make
 * it 3 dB quieter, which matters where it is mixed with or follows other audio. Fewer channels are mixed with the
 * shares of ITU-R BS.775, together at most 1: FFmpeg does that for integers only, and floating point would be clipped by
 * the encoder.
 */
export function mixChannels(from: number, to: number): Filter[] {
  if (from === 1 && to === 2) return [filter('pan', { args: 'stereo|c0=c0|c1=c0' })];
  if (to >= from) return [];
  // Named, or the mix could be made by an earlier filter that converts as well.
  const known = from <= layouts.length ? [filter('aformat', { channel_layouts: layoutOf(from) })] : [];
  return [...known, filter('aresample', { rematrix_maxval: 1 })];
}

export function audioFormat({ sampleRate, layout }: { readonly sampleRate: number; readonly layout: string }): Filter {
  return filter('aformat', { sample_fmts: 'fltp', sample_rates: sampleRate, channel_layouts: layout });
}

export function isStillImage(probe: Probe): boolean {
  const still = /(^|,)(image2|[a-z0-9]+_pipe)(,|$)/.test(probe.format);
  return probe.video.length > 0 && probe.audio.length === 0 && still;
}

export function hasAudio(probe: Probe): probe is Probe & { readonly audio: readonly [AudioStream, ...AudioStream[]] } {
  return probe.audio.length > 0;
}
