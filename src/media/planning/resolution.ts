import type { VideoOutput } from '../../model/job/output.ts';
import { type Filter, filter } from '../filters/graph.ts';
import { even } from '../filters/numbers.ts';

export interface Size {
  readonly width: number;
  readonly height: number;
}

type Resolution = NonNullable<VideoOutput['resolution']>;

interface Fitted extends Size {
  /** Size of the scaled frame before bars or crop. */
  readonly scaled: Size;
}

/** Size of the output for a requested resolution, always even. */
export function outputSize(source: Size, wanted: Resolution): Size {
  const { width, height } = fitted(source, wanted);
  return { width, height };
}

/** Filters that bring frames to a requested resolution. */
export function resolutionFilters(source: Size, wanted: Resolution): Filter[] {
  const { width, height, scaled } = fitted(source, wanted);
  const resize = scaled.width === source.width && scaled.height === source.height ? [] : [scale(scaled)];
  if (scaled.width === width && scaled.height === height) return resize;
  if (scaled.width > width || scaled.height > height) {
    return [
      ...resize,
      filter('crop', { w: width, h: height, x: centered(scaled.width, width), y: centered(scaled.height, height) }),
    ];
  }
  return [...resize, letterbox(scaled, { width, height })];
}

export function scale({ width, height }: Size): Filter {
  return filter('scale', { w: width, h: height, flags: 'bicubic' });
}

/** Black bars around frames that are smaller than the output. */
function letterbox(inner: Size, outer: Size): Filter {
  return filter('pad', {
    w: outer.width,
    h: outer.height,
    x: centered(outer.width, inner.width),
    y: centered(outer.height, inner.height),
    color: 'black',
  });
}

/** Filters that fit frames into another size with bars. */
export function containFilters(source: Size, frame: Size): Filter[] {
  return resolutionFilters(source, { ...frame, fit: 'contain' });
}

function fitted(source: Size, { width, height, fit = 'contain', upscale = true }: Resolution): Fitted {
  const limit = upscale ? Number.POSITIVE_INFINITY : 1;
  if (width === undefined || height === undefined) {
    const factor = Math.min(limit, (width ?? 0) / source.width || (height ?? 0) / source.height);
    const scaled = {
      width: width !== undefined && factor !== limit ? even(width) : even(source.width * factor),
      height: height !== undefined && factor !== limit ? even(height) : even(source.height * factor),
    };
    return { ...scaled, scaled };
  }
  const frame = { width: even(width), height: even(height) };
  const inside = Math.min(frame.width / source.width, frame.height / source.height);
  const around = Math.max(frame.width / source.width, frame.height / source.height);
  // Frames that may not grow keep their size: bars all around them would only make the file larger.
  if (!upscale && (fit === 'cover' ? around : inside) >= 1)
    return { width: even(source.width), height: even(source.height), scaled: source };
  if (fit === 'stretch') return { ...frame, scaled: frame };
  const factor = fit === 'cover' ? around : inside;
  const scaled = { width: even(source.width * factor), height: even(source.height * factor) };
  return { ...frame, scaled };
}

function centered(outer: number, inner: number): number {
  // Even, or the chroma planes would be shifted against the luma plane.
  return Math.floor(Math.abs(outer - inner) / 4) * 2;
}
