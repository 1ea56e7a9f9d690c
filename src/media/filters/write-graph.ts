import { escapeFilterValue } from './escape.ts';
import type { Filter, FilterPad, InputFile, Medium, Pad } from './graph.ts';

// From pads to the text of `-filter_complex`: count the readers of each pad, collect filters that follow one another into
// chains, and print the chains, each with a split at its end where it has several readers.

export interface WrittenGraph {
  /** The value of `-filter_complex`. */
  readonly text: string;
  /** One `-map` value per sink, in their order. */
  readonly labels: readonly string[];
}

/** The same for two pads that are the same stream: `0:1` for a stream, the pad itself for filters. */
type PadKey = string | FilterPad;
type KeyOf = (pad: Pad) => PadKey;

/** One of the copies that a chain gives, or a stream by its key. */
type Read = { readonly key: PadKey; readonly copy: number } | string;

/** Filters in a row, with a label at each end. */
interface Chain {
  readonly reads: readonly Read[];
  readonly filters: readonly Filter[];
  readonly medium: Medium;
  readonly key: PadKey;
  /** How many chains and sinks read it. */
  readonly readers: number;
}

/** One filter as FFmpeg reads it, with all values escaped. */
export function filterText({ name, options }: Filter): string {
  const written = Object.entries(options).map(([key, value]) => `${key}=${escapeFilterValue(value)}`);
  return written.length === 0 ? name : `${name}=${written.join(':')}`;
}

/** Writes what leads to the sinks. `indexOf` returns the number of an input on the command line. */
export function writeGraph(sinks: readonly FilterPad[], indexOf: (input: InputFile) => number): WrittenGraph {
  const keyOf: KeyOf = (pad) => (pad.from === 'filter' ? pad : `${indexOf(pad.input)}:${pad.stream}`);
  const readers = countReaders(sinks, keyOf);
  const { chains, outputs } = chainsBehind(sinks, readers, keyOf);
  return print(chains, outputs);
}

function countReaders(sinks: readonly FilterPad[], keyOf: KeyOf): ReadonlyMap<PadKey, number> {
  const readers = new Map<PadKey, number>();
  const count = (pad: Pad): void => {
    const key = keyOf(pad);
    const seen = readers.get(key) ?? 0;
    readers.set(key, seen + 1);
    if (seen === 0 && pad.from === 'filter') pad.inputs.forEach(count);
  };
  sinks.forEach(count);
  return readers;
}

/** The chains that lead to the sinks, each after those that it reads, and what the sinks read of them. */
function chainsBehind(
  sinks: readonly FilterPad[],
  readers: ReadonlyMap<PadKey, number>,
  keyOf: KeyOf,
): { readonly chains: readonly Chain[]; readonly outputs: readonly Read[] } {
  const chains: Chain[] = [];
  const taken = new Map<PadKey, number>();
  const read = (pad: Pad): Read => {
    const key = keyOf(pad);
    const copies = readers.get(key) ?? 1;
    if (typeof key === 'string' && copies === 1) return key;
    const copy = taken.get(key) ?? 0;
    taken.set(key, copy + 1);
    if (copy === 0) chains.push({ ...contentOf(pad, key), medium: pad.medium, key, readers: copies });
    return { key, copy };
  };
  const contentOf = (pad: Pad, key: PadKey): Pick<Chain, 'reads' | 'filters'> => {
    if (pad.from === 'stream') return { reads: typeof key === 'string' ? [key] : [], filters: [] };
    const { inputs, filters } = uninterrupted(pad, readers);
    return { reads: inputs.map(read), filters };
  };
  return { outputs: sinks.map(read), chains };
}

/** The filters up to a pad from the last one with several inputs or several readers on. */
function uninterrupted(pad: FilterPad, readers: ReadonlyMap<PadKey, number>): Pick<FilterPad, 'inputs' | 'filters'> {
  const [only, ...others] = pad.inputs;
  if (only?.from !== 'filter' || others.length > 0 || readers.get(only) !== 1) return pad;
  const before = uninterrupted(only, readers);
  return { inputs: before.inputs, filters: [...before.filters, ...pad.filters] };
}

function print(chains: readonly Chain[], outputs: readonly Read[]): WrittenGraph {
  const labels = new Map<PadKey, readonly string[]>();
  let next = 0;
  const label = (read: Read): string =>
    `[${typeof read === 'string' ? read : (labels.get(read.key)?.[read.copy] ?? '')}]`;
  const statements = chains.map(({ reads, filters, medium, key, readers }) => {
    const split = readers === 1 ? [] : [`${medium === 'video' ? 'split' : 'asplit'}=${readers}`];
    const from = reads.map(label).join('');
    const names = Array.from({ length: readers }, () => `p${next++}`);
    labels.set(key, names);
    return [from, [...filters.map(filterText), ...split].join(','), ...names.map((name) => `[${name}]`)].join('');
  });
  return { text: statements.join(';'), labels: outputs.map(label) };
}
