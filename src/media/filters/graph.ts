import type { VideoStream } from '../probe/probe.ts';
import { escapeFilterValue } from './escape.ts';
import { decimal } from './numbers.ts';

// A filter graph is a web of immutable pads: each names the filters that made it and the pads these read. An operation
// takes a pad and gives a new one; what nobody asks for in the end is never written, and a pad that is read twice is
// split while writing.

export type Medium = 'video' | 'audio';

/** A file as FFmpeg opens it: options before `-i`, and the path. */
export interface InputFile {
  readonly path: string;
  readonly options: readonly string[];
  /** Files that differ here are opened apart: two readers of one decoder at different times would buffer all between. */
  readonly instance: number;
}

export interface StreamPad {
  readonly from: 'stream';
  readonly medium: Medium;
  readonly input: InputFile;
  /** Index of the stream in its file. */
  readonly stream: number;
  /** What is known of a picture, where it may be decoded elsewhere than in main memory. */
  readonly video?: VideoStream;
  /** Options that its file is opened with to be decoded there. */
  readonly decode?: readonly string[];
}

export interface FilterPad {
  readonly from: 'filter';
  readonly medium: Medium;
  readonly inputs: readonly Pad[];
  /** Filters in a row, already written. */
  readonly filters: readonly string[];
  /** They do nothing but keep the size of what the CPU decodes, should the stream change its size. */
  readonly guard?: true;
  /** The layer that these filters lay over the first input, in the form that a GPU can lay over it. */
  readonly layer?: Layer;
  /** What this pad and those before it are the work of, up to the next one that says so: `1:blur`. */
  readonly work?: string;
}

/** A picture with transparency that is there from 0 on, all the time; where nothing is shown it is transparent. */
export interface Layer {
  readonly pad: Pad;
  /** Place of its upper left corner, in pixels. */
  readonly x: number;
  readonly y: number;
  /** Whether it goes on for ever, or ends with a frame that stays. */
  readonly endless: boolean;
}

export type Pad = StreamPad | FilterPad;

export type FilterOptions = Readonly<Record<string, string | number | undefined>>;

/** One filter with its options, all of them escaped. */
export function filter(name: string, options: FilterOptions = {}): string {
  const written = Object.entries(options).flatMap(([key, value]) =>
    value === undefined ? [] : [`${key}=${escapeFilterValue(typeof value === 'number' ? decimal(value) : value)}`],
  );
  return written.length === 0 ? name : `${name}=${written.join(':')}`;
}

/** Filters after a pad; the pad itself when there are none. */
export function chain(pad: Pad, ...filters: readonly string[]): Pad {
  return filters.length === 0 ? pad : { from: 'filter', medium: pad.medium, inputs: [pad], filters };
}

/** A filter of several pads. */
export function join(medium: Medium, inputs: readonly Pad[], ...filters: readonly string[]): FilterPad {
  return { from: 'filter', medium, inputs, filters };
}

/** A pad that reads nothing: `color`, `anullsrc`. */
export function generate(medium: Medium, ...filters: readonly string[]): Pad {
  return { from: 'filter', medium, inputs: [], filters };
}

export interface WrittenGraph {
  /** The value of `-filter_complex`. */
  readonly text: string;
  /** One `-map` value per sink, in their order. */
  readonly labels: readonly string[];
}

/** Writes what leads to the sinks. `indexOf` answers the number of an input on the command line. */
export function writeGraph(sinks: readonly FilterPad[], indexOf: (input: InputFile) => number): WrittenGraph {
  const readers = new Map<string | FilterPad, number>();
  const specifier = (pad: StreamPad): string => `${indexOf(pad.input)}:${pad.stream}`;
  const keyOf = (pad: Pad): string | FilterPad => (pad.from === 'filter' ? pad : specifier(pad));
  const count = (pad: Pad): void => {
    const key = keyOf(pad);
    const seen = readers.get(key) ?? 0;
    readers.set(key, seen + 1);
    if (seen === 0 && pad.from === 'filter') pad.inputs.forEach(count);
  };
  sinks.forEach(count);

  const statements: string[] = [];
  const spare = new Map<string | FilterPad, string[]>();
  let next = 0;
  const fresh = (): string => `p${next++}`;

  /** The filters up to this pad, without a label at the end. */
  const written = (pad: FilterPad): string => {
    const own = pad.filters.join(',');
    const [only, ...others] = pad.inputs;
    if (only?.from === 'filter' && others.length === 0 && readers.get(only) === 1) return `${written(only)},${own}`;
    return `${pad.inputs.map((input) => `[${label(input)}]`).join('')}${own}`;
  };

  const label = (pad: Pad): string => {
    const key = keyOf(pad);
    const left = spare.get(key)?.shift();
    if (left !== undefined) return left;
    const copies = readers.get(key) ?? 1;
    if (pad.from === 'stream' && copies === 1) return specifier(pad);
    const head = pad.from === 'filter' ? written(pad) : `[${specifier(pad)}]`;
    const names = Array.from({ length: copies }, fresh);
    const split = `${pad.medium === 'video' ? 'split' : 'asplit'}=${copies}`;
    const body = copies === 1 ? head : pad.from === 'filter' ? `${head},${split}` : `${head}${split}`;
    statements.push(`${body}${names.map((name) => `[${name}]`).join('')}`);
    spare.set(key, names.slice(1));
    return names[0] ?? '';
  };

  const labels = sinks.map((sink) => `[${label(sink)}]`);
  return { text: statements.join(';'), labels };
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
