import type { VideoStream } from '../probe/probe.ts';
import { decimal } from './numbers.ts';

// A filter graph consists of immutable pads: each names the filters that produce it and the pads that these read. An
// operation takes a pad and returns a new one. Filters stay data until `writeGraph` writes those that lead to an output;
// it also splits a pad that is read more than once.

export type Medium = 'video' | 'audio';

/** A file as FFmpeg opens it: options before `-i`, and the path. */
export interface InputFile {
  readonly path: string;
  readonly options: readonly string[];
  /** Files that differ here are opened separately: two readers of one decoder at different times would buffer all between. */
  readonly instance: number;
}

export interface StreamPad {
  readonly from: 'stream';
  readonly medium: Medium;
  readonly input: InputFile;
  /** Index of the stream in its file. */
  readonly stream: number;
  /** The probed stream, for video that may be decoded elsewhere than in main memory. */
  readonly video?: VideoStream;
  /** Options with which its file is opened to be decoded there. */
  readonly decode?: readonly string[];
}

export interface FilterPad {
  readonly from: 'filter';
  readonly medium: Medium;
  readonly inputs: readonly Pad[];
  /** Filters one after the other. */
  readonly filters: readonly Filter[];
  /** They only keep the size of what the CPU decodes, should the stream change its size. */
  readonly guard?: true;
  /** The layer that these filters overlay on the first input, in the form that a GPU can overlay. */
  readonly layer?: Layer;
  /** The operation that made this pad and those before it, up to the next one with its own value: `blur`. */
  readonly work?: string;
}

/** A video with transparency that lasts from 0 to the end; where nothing is shown it is transparent. */
export interface Layer {
  readonly pad: Pad;
  /** Position of its upper left corner, in pixels. */
  readonly x: number;
  readonly y: number;
  /** Whether it never ends, or ends with a frame that stays. */
  readonly endless: boolean;
}

export type Pad = StreamPad | FilterPad;

/** One FFmpeg filter. The values of its options are not escaped. */
export interface Filter {
  readonly name: string;
  readonly options: Readonly<Record<string, string>>;
}

export type FilterOptions = Readonly<Record<string, string | number | undefined>>;

/** A filter with its options; numbers in FFmpeg's notation, options without a value left out. */
export function filter(name: string, options: FilterOptions = {}): Filter {
  const given = Object.entries(options).flatMap(([key, value]): (readonly [string, string])[] =>
    value === undefined ? [] : [[key, typeof value === 'number' ? decimal(value) : value]],
  );
  return { name, options: Object.fromEntries(given) };
}

/** Filters after a pad; the pad itself when there are none. */
export function chain(pad: Pad, ...filters: readonly Filter[]): Pad {
  return filters.length === 0 ? pad : { from: 'filter', medium: pad.medium, inputs: [pad], filters };
}

/** A filter of several pads. */
export function join(medium: Medium, inputs: readonly Pad[], ...filters: readonly Filter[]): FilterPad {
  return { from: 'filter', medium, inputs, filters };
}

/** A pad that reads nothing: `color`, `anullsrc`. */
export function generate(medium: Medium, ...filters: readonly Filter[]): Pad {
  return { from: 'filter', medium, inputs: [], filters };
}

/** The streams that lead to a pad, in the order of their first use. */
export function streamsBehind(pad: Pad): StreamPad[] {
  const streams: StreamPad[] = [];
  const seen = new Set<Pad>();
  const visit = (at: Pad): void => {
    if (seen.has(at)) return;
    seen.add(at);
    if (at.from === 'stream') streams.push(at);
    else at.inputs.forEach(visit);
  };
  visit(pad);
  return streams;
}
