import { boxesIn, contentAt, contentOf, findContent } from '../mp4/boxes.ts';
import { viewOf } from '../mp4/bytes.ts';
import { SmartCutError } from './nal-units.ts';

/** Samples in the order in which they are decoded; times in ticks of the track. */
export interface Samples {
  readonly count: number;
  /** Positions in the file. */
  readonly offsets: Float64Array;
  readonly sizes: Float64Array;
  /** Presentation time of each. */
  readonly pts: Float64Array;
  readonly keys: Uint8Array;
}

/** The one track of an MP4 that FFmpeg wrote. */
export interface Mp4Track {
  /** Ticks per second. */
  readonly timescale: number;
  readonly samples: Samples;
  /** How long the last decoded sample is shown. */
  readonly lastDuration: number;
  /** The sample entry with its header, for example `avc1`. */
  readonly entry: Uint8Array;
  /** Content of `avcC` or `hvcC`. */
  readonly configuration: Uint8Array;
  /** Packed language, and the matrix and size of the track header, as they are in the file. */
  readonly language: number;
  readonly matrix: Uint8Array;
  readonly size: Uint8Array;
}

/** Bytes of a visual sample entry before the boxes within it, header included. */
export const entryHeader = 86;

/** The track in the content of a `moov` box. */
export function parseTrack(moov: Uint8Array): Mp4Track {
  const [box, ...more] = boxesIn(moov).filter(({ type }) => type === 'trak');
  if (box === undefined || more.length > 0)
    throw new SmartCutError(`expected one track, got ${more.length + (box ? 1 : 0)}`);
  const track = contentOf(moov, box);
  const media = viewOf(contentAt(track, ['mdia', 'mdhd']));
  const long = media.getUint8(0) === 1;
  const timescale = media.getUint32(long ? 20 : 12);
  const table = contentAt(track, ['mdia', 'minf', 'stbl']);
  const descriptions = contentAt(table, ['stsd']);
  const [entry, ...others] = boxesIn(descriptions, 8);
  if (entry === undefined || others.length > 0)
    throw new SmartCutError(`expected one description of the samples, got ${others.length + (entry ? 1 : 0)}`);
  const configuration = boxesIn(descriptions, entry.start + entryHeader, entry.end).find(
    ({ type }) => type === 'avcC' || type === 'hvcC',
  );
  if (configuration === undefined)
    throw new SmartCutError('expected a decoder configuration, got a sample entry without one');
  const header = contentAt(track, ['tkhd']);
  const at = header[0] === 1 ? 52 : 40;
  const times = decodeTimes(table);
  return {
    timescale,
    samples: samplesOf(table, times, startOf(moov, track, timescale)),
    lastDuration: times.last,
    entry: descriptions.subarray(entry.start, entry.end),
    configuration: contentOf(descriptions, configuration),
    language: media.getUint16(long ? 32 : 20),
    matrix: header.subarray(at, at + 36),
    size: header.subarray(at + 36, at + 44),
  };
}

/** Ticks to add to a composition time to get the presentation time, from the edit list. */
function startOf(moov: Uint8Array, track: Uint8Array, timescale: number): number {
  const list = findContent(track, ['edts', 'elst']);
  if (list === undefined) return 0;
  const movieScale = (() => {
    const header = viewOf(contentAt(moov, ['mvhd']));
    return header.getUint32(header.getUint8(0) === 1 ? 20 : 12);
  })();
  const view = viewOf(list);
  const long = view.getUint8(0) === 1;
  const number = (at: number): number => (long ? Number(view.getBigInt64(at)) : view.getInt32(at));
  let delay = 0;
  for (let index = 0; index < view.getUint32(4); index += 1) {
    const at = 8 + index * (long ? 20 : 12);
    const mediaTime = number(at + (long ? 8 : 4));
    if (mediaTime >= 0) return Math.round((delay * timescale) / movieScale) - mediaTime;
    delay += number(at);
  }
  return 0;
}

function samplesOf(table: Uint8Array, { dts }: DecodeTimes, start: number): Samples {
  const sizes = sizesOf(table);
  const count = sizes.length;
  if (dts.length !== count) throw new SmartCutError(`expected ${count} times of samples, got ${dts.length}`);
  const pts = dts.map((time) => time + start);
  const composition = findContent(table, ['ctts']);
  if (composition !== undefined) {
    let sample = 0;
    const view = viewOf(composition);
    for (const [run, at] of runs(composition)) {
      const offset = view.getInt32(at + 4);
      for (let index = 0; index < run && sample < count; index += 1, sample += 1)
        pts[sample] = (pts[sample] ?? 0) + offset;
    }
  }
  const keys = new Uint8Array(count);
  const sync = findContent(table, ['stss']);
  if (sync === undefined) keys.fill(1);
  else {
    const view = viewOf(sync);
    for (let index = 0; index < view.getUint32(4); index += 1) keys[view.getUint32(8 + index * 4) - 1] = 1;
  }
  return { count, sizes, offsets: offsetsOf(table, sizes), pts, keys };
}

interface DecodeTimes {
  readonly dts: Float64Array;
  readonly last: number;
}

function decodeTimes(table: Uint8Array): DecodeTimes {
  const box = contentAt(table, ['stts']);
  const view = viewOf(box);
  const entries = [...runs(box)].map(([run, at]) => [run, view.getUint32(at + 4)] as const);
  const dts = new Float64Array(entries.reduce((total, [run]) => total + run, 0));
  let sample = 0;
  let time = 0;
  for (const [run, delta] of entries) {
    for (let index = 0; index < run; index += 1, time += delta) dts[sample++] = time;
  }
  return { dts, last: entries.at(-1)?.[1] ?? 0 };
}

/** Length and position of each entry of a run-length table. */
function* runs(box: Uint8Array): Generator<readonly [number, number]> {
  const view = viewOf(box);
  for (let index = 0; index < view.getUint32(4); index += 1) yield [view.getUint32(8 + index * 8), 8 + index * 8];
}

function sizesOf(table: Uint8Array): Float64Array {
  const view = viewOf(contentAt(table, ['stsz']));
  const constant = view.getUint32(4);
  const sizes = new Float64Array(view.getUint32(8));
  for (let index = 0; index < sizes.length; index += 1)
    sizes[index] = constant === 0 ? view.getUint32(12 + index * 4) : constant;
  return sizes;
}

function offsetsOf(table: Uint8Array, sizes: Float64Array): Float64Array {
  const chunks = chunkOffsets(table);
  const view = viewOf(contentAt(table, ['stsc']));
  const entries = Array.from({ length: view.getUint32(4) }, (_, index) => ({
    first: view.getUint32(8 + index * 12) - 1,
    samples: view.getUint32(12 + index * 12),
  }));
  const offsets = new Float64Array(sizes.length);
  let sample = 0;
  for (const [index, { first, samples }] of entries.entries()) {
    const last = entries[index + 1]?.first ?? chunks.length;
    for (let chunk = first; chunk < last; chunk += 1) {
      let at = chunks[chunk] ?? 0;
      for (let member = 0; member < samples && sample < sizes.length; member += 1) {
        offsets[sample] = at;
        at += sizes[sample++] ?? 0;
      }
    }
  }
  if (sample < sizes.length) throw new SmartCutError(`expected offsets of ${sizes.length} samples, got ${sample}`);
  return offsets;
}

function chunkOffsets(table: Uint8Array): Float64Array {
  const long = findContent(table, ['co64']);
  const view = viewOf(long ?? contentAt(table, ['stco']));
  return Float64Array.from({ length: view.getUint32(4) }, (_, index) =>
    long === undefined ? view.getUint32(8 + index * 4) : Number(view.getBigUint64(8 + index * 8)),
  );
}
