import { boxesIn } from '../mp4/boxes.ts';
import { ascii, concatBytes } from '../mp4/bytes.ts';
import { fullBox, int64, makeBox, uint16, uint32, uint32s } from '../mp4/make-box.ts';
import { entryHeader } from './mp4-track.ts';

/** One video track whose samples are contiguous in the file. */
export interface Movie {
  /** Ticks per second of everything in the file. */
  readonly timescale: number;
  /** Position of the first sample. */
  readonly offset: number;
  readonly sizes: readonly number[];
  /** When each sample is shown, in decoding order; not negative. */
  readonly pts: readonly number[];
  readonly keys: readonly boolean[];
  /** When the last shown frame ends. */
  readonly end: number;
  readonly entry: Uint8Array;
  readonly language: number;
  readonly matrix: Uint8Array;
  readonly size: Uint8Array;
}

/**
 * When each sample is decoded: the sorted presentation times, delayed by the reorder depth of the stream. Ascending, and
 * never after the frame is shown, whatever the rate.
 */
export function decodeTimes(pts: readonly number[]): number[] {
  const sorted = pts.toSorted((a, b) => a - b);
  const ranks = new Map(sorted.map((time, rank) => [time, rank]));
  const depth = pts.reduce((most, time, index) => Math.max(most, index - (ranks.get(time) ?? 0)), 0);
  const first = sorted[0] ?? 0;
  const step = Math.max(1, (sorted[1] ?? first + 1) - first);
  return pts.map((_, index) => sorted[index - depth] ?? first - (depth - index) * step);
}

/** The `moov` box of a movie. */
export function movieBox(movie: Movie): Uint8Array {
  const { timescale, pts, end } = movie;
  const first = pts.reduce((least, time) => Math.min(least, time), Number.POSITIVE_INFINITY);
  const dts = decodeTimes(pts);
  const header = fullBox(
    'mvhd',
    1,
    0,
    int64(0, 0),
    uint32(timescale),
    int64(end),
    uint32(0x1_0000),
    uint16(0x100, 0),
    uint32(0, 0),
    unity,
    uint32(0, 0, 0, 0, 0, 0, 2),
  );
  const trackHeader = fullBox(
    'tkhd',
    1,
    3,
    int64(0, 0),
    uint32(1, 0),
    int64(end),
    uint32(0, 0),
    uint16(0, 0, 0, 0),
    movie.matrix,
    movie.size,
  );
  return makeBox('moov', header, makeBox('trak', trackHeader, editList(first, dts[0] ?? 0, end), media(movie, dts)));
}

/** Shows the track from its first frame on: time before that is empty, and the delay of decoding is skipped. */
function editList(first: number, firstDecoded: number, end: number): Uint8Array {
  const rate = uint16(1, 0);
  const empty = first > 0 ? [int64(first, -1), rate] : [];
  const count = empty.length > 0 ? 2 : 1;
  return makeBox(
    'edts',
    fullBox('elst', 1, 0, uint32(count), ...empty, int64(end - first, first - firstDecoded), rate),
  );
}

function media(movie: Movie, dts: readonly number[]): Uint8Array {
  const { timescale, language, end } = movie;
  const header = fullBox('mdhd', 1, 0, int64(0, 0), uint32(timescale), int64(end - (dts[0] ?? 0)), uint16(language, 0));
  const handler = fullBox('hdlr', 0, 0, uint32(0), ascii('vide'), new Uint8Array(13));
  const reference = makeBox('dinf', fullBox('dref', 0, 0, uint32(1), fullBox('url ', 0, 1)));
  return makeBox(
    'mdia',
    header,
    handler,
    makeBox('minf', fullBox('vmhd', 0, 1, new Uint8Array(8)), reference, sampleTable(movie, dts)),
  );
}

function sampleTable({ sizes, pts, keys, end, entry, offset }: Movie, dts: readonly number[]): Uint8Array {
  const count = sizes.length;
  const deltas = dts.map((time, index) => (dts[index + 1] ?? lastDecodedEnd(dts, pts, end)) - time);
  const syncs = keys.flatMap((key, index) => (key ? [index + 1] : []));
  return makeBox(
    'stbl',
    fullBox('stsd', 0, 0, uint32(1), entry),
    fullBox('stts', 0, 0, runLengths(deltas)),
    fullBox('ctts', 0, 0, runLengths(pts.map((time, index) => time - (dts[index] ?? 0)))),
    fullBox('stss', 0, 0, uint32(syncs.length), uint32s(syncs)),
    fullBox('stsz', 0, 0, uint32(0, count), uint32s(sizes)),
    fullBox('stsc', 0, 0, uint32(1, 1, count, 1)),
    fullBox('co64', 0, 0, uint32(1), int64(offset)),
  );
}

/** The last decoded sample lasts as long as the last shown one. */
function lastDecodedEnd(dts: readonly number[], pts: readonly number[], end: number): number {
  const lastShown = pts.reduce((most, time) => Math.max(most, time), 0);
  return (dts.at(-1) ?? 0) + (end - lastShown);
}

/** The number of runs, then the length and the value of each. */
function runLengths(values: readonly number[]): Uint8Array {
  const pairs: number[] = [];
  for (const value of values) {
    if (pairs.length > 0 && pairs.at(-1) === value) pairs[pairs.length - 2] = (pairs.at(-2) ?? 0) + 1;
    else pairs.push(1, value);
  }
  return concatBytes([uint32(pairs.length / 2), uint32s(pairs)]);
}

const unity = uint32(0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000);

/** A sample entry with another decoder configuration; everything else in it (colours, shape of pixels) stays. */
export function withConfiguration(entry: Uint8Array, configuration: Uint8Array): Uint8Array {
  const type = String.fromCharCode(...entry.subarray(4, 8));
  const children = boxesIn(entry, entryHeader).map(({ type: name, start, end }) =>
    name === 'avcC' || name === 'hvcC' ? makeBox(name, configuration) : entry.subarray(start, end),
  );
  return makeBox(type, entry.subarray(8, entryHeader), ...children);
}
