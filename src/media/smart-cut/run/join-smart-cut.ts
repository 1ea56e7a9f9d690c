import { type FileHandle, open } from 'node:fs/promises';
import { boxAt, longestBoxHeader } from '../../mp4/boxes.ts';
import { ascii, concatBytes, sameBytes, viewOf } from '../../mp4/bytes.ts';
import { makeBox } from '../../mp4/make-box.ts';
import { isParameterSet, mergeConfigurations, parseConfiguration } from '../decoder-configuration.ts';
import type { SmartJoin } from '../join.ts';
import { movieBox, withConfiguration } from '../mp4-movie.ts';
import { type Mp4Track, parseTrack } from '../mp4-track.ts';
import { isDolbyVision, isLightMessage, joinSample, nalKind, SmartCutError, splitSample } from '../nal-units.ts';
import { asFirstOfSplice, isJoint, renumber } from '../parameter-sets.ts';
import { selectSamples } from '../selection.ts';

/** What the joined stream is made of. */
export interface JoinedCut {
  readonly copiedFrames: number;
  readonly encodedFrames: number;
}

/**
 * Joins copied and encoded pictures to one MP4 track. Rejects with `SmartCutError` when the pieces do not fit together,
 * and with the error of the file system when one cannot be read or written.
 */
export async function joinSmartCut(join: SmartJoin, signal: AbortSignal): Promise<JoinedCut> {
  await using source = await openTrack(join.source);
  await using head = join.head === undefined ? undefined : await openTrack(join.head);
  await using tail = join.tail === undefined ? undefined : await openTrack(join.tail);
  const { track } = source;
  if (track.timescale !== join.timescale)
    throw new SmartCutError(`expected ${join.timescale} ticks per second, got ${track.timescale}`);
  const selected = selectSamples(join, track.samples);
  const { lengthBytes } = parseConfiguration(join.codec, track.configuration);
  const edges = [
    { piece: head, pts: selected.head },
    { piece: tail, pts: selected.tail },
  ].map(({ piece, pts }) => edgeOf(join, piece, pts));
  const configuration = mergeConfigurations(
    join.codec,
    track.configuration,
    edges.flatMap(({ piece, sets }) => (piece === undefined ? [] : [{ box: piece.track.configuration, sets }])),
  );

  const writer = await MovieWriter.create(join.output);
  try {
    const [first, last] = edges;
    if (first !== undefined) await writeEdge(writer, first, join, lengthBytes, signal);
    await writeCopied(writer, source, selected.copied, join, lengthBytes, signal);
    if (last !== undefined) await writeEdge(writer, last, join, lengthBytes, signal);
    const { pts, end } = presentation(writer.pts, join, track.lastDuration);
    const entry = withConfiguration(track.entry, configuration);
    const { timescale, language, matrix, size } = track;
    await writer.finish({ timescale, pts, end, entry, language, matrix, size });
  } finally {
    await writer[Symbol.asyncDispose]();
  }
  return { copiedFrames: selected.copied.length, encodedFrames: selected.head.length + selected.tail.length };
}

/** Moments from the origin on, and where the last picture ends. */
function presentation(
  pts: readonly number[],
  { origin, fromZero, duration }: SmartJoin,
  lastDuration: number,
): { readonly pts: number[]; readonly end: number } {
  const first = pts.reduce((least, time) => Math.min(least, time), Number.POSITIVE_INFINITY);
  const shifted = pts.map((time) => (fromZero && time === first ? 0 : Math.max(0, time - origin)));
  const last = shifted.reduce((most, time) => Math.max(most, time), 0);
  return { pts: shifted, end: Math.max(duration ?? last + lastDuration, last + 1) };
}

interface Piece extends AsyncDisposable {
  readonly file: FileHandle;
  readonly track: Mp4Track;
}

interface Edge {
  readonly piece: Piece | undefined;
  readonly pts: readonly number[];
  /** Parameter sets of the encoder, and what they become. */
  readonly own: readonly Uint8Array[];
  readonly sets: readonly Uint8Array[];
  /** What its encoder says about the light of the pictures, for every key frame. */
  readonly light: readonly Uint8Array[];
}

function edgeOf({ codec }: SmartJoin, piece: Piece | undefined, pts: readonly number[]): Edge {
  const count = piece?.track.samples.count ?? 0;
  if (count !== pts.length) throw new SmartCutError(`expected ${pts.length} encoded pictures, got ${count}`);
  if (piece === undefined) return { piece, pts, own: [], sets: [], light: [] };
  const { units } = parseConfiguration(codec, piece.track.configuration);
  const own = units.filter((unit) => isParameterSet(codec, unit));
  const light = units.filter((unit) => isLightMessage(codec, unit));
  return { piece, pts, own, sets: own.map((unit) => renumber(codec, unit)), light };
}

async function writeEdge(
  writer: MovieWriter,
  { piece, pts, own, light }: Edge,
  { codec }: SmartJoin,
  lengthBytes: number,
  signal: AbortSignal,
): Promise<void> {
  if (piece === undefined) return;
  const { track, file } = piece;
  const from = parseConfiguration(codec, track.configuration).lengthBytes;
  for (const [index, shown] of pts.entries()) {
    signal.throwIfAborted();
    // Encoders of edges do not reorder, so pictures come in the order in which they are shown.
    const units = splitSample(await readSample(file, track, index), from).flatMap((unit) => {
      const kind = nalKind(codec, unit);
      if (kind === 'slice') return [renumber(codec, unit)];
      if (isLightMessage(codec, unit)) return [unit];
      if (isParameterSet(codec, unit) && !own.some((set) => sameBytes(set, unit)))
        throw new SmartCutError('expected an encoder that keeps its parameter sets, got one that changes them');
      // Sets stand in the configuration; messages of the encoder about its buffer would name the old numbers.
      return [];
    });
    const key = track.samples.keys[index] === 1;
    const dark = !units.some((unit) => isLightMessage(codec, unit));
    await writer.add(joinSample(key && dark ? [...light, ...units] : units, lengthBytes), shown, key);
  }
}

async function writeCopied(
  writer: MovieWriter,
  { file, track }: Piece,
  copied: readonly number[],
  { codec }: SmartJoin,
  lengthBytes: number,
  signal: AbortSignal,
): Promise<void> {
  const { samples } = track;
  for (const [place, index] of copied.entries()) {
    signal.throwIfAborted();
    const sample = await readSample(file, track, index);
    const pts = samples.pts[index] ?? 0;
    const key = samples.keys[index] === 1;
    if (place > 0) {
      await writer.add(sample, pts, key);
      continue;
    }
    const units = splitSample(sample, lengthBytes);
    if (!units.some((unit) => nalKind(codec, unit) === 'slice' && isJoint(codec, unit)))
      throw new SmartCutError('expected a key frame at which decoders can start, got another picture');
    if (units.some((unit) => isDolbyVision(codec, unit)))
      throw new SmartCutError('expected pictures that stand alone, got Dolby Vision, which encoded ones would lack');
    const spliced = writer.pts.length === 0 ? units : units.map((unit) => asFirstOfSplice(codec, unit));
    await writer.add(joinSample(spliced, lengthBytes), pts, true);
  }
}

async function openTrack(path: string): Promise<Piece> {
  const file = await open(path);
  try {
    return { file, track: parseTrack(await readMovie(file)), [Symbol.asyncDispose]: () => file.close() };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Content of the `moov` box, wherever it stands among the boxes of the file. */
async function readMovie(file: FileHandle): Promise<Uint8Array> {
  const { size: end } = await file.stat();
  for (let at = 0; at < end; ) {
    const head = await readAt(file, at, Math.min(longestBoxHeader, end - at));
    const box = boxAt(head, 0, end - at);
    if (box.type === 'moov') return readAt(file, at + box.content, box.end - box.content);
    at += box.end;
  }
  throw new SmartCutError('expected an index in an MP4 file, got none');
}

function readSample(file: FileHandle, { samples }: Mp4Track, index: number): Promise<Uint8Array> {
  return readAt(file, samples.offsets[index] ?? 0, samples.sizes[index] ?? 0);
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let read = 0;
  while (read < length) {
    const { bytesRead } = await file.read(bytes, read, length - read, position + read);
    if (bytesRead === 0) throw new SmartCutError(`expected ${length} bytes of a sample, got ${read}`);
    read += bytesRead;
  }
  return bytes;
}

/** Samples that wait to be written together. */
const batchBytes = 1 << 20;

/** Writes samples in a row, then their index. */
class MovieWriter implements AsyncDisposable {
  readonly #file: FileHandle;
  readonly #sizes: number[] = [];
  readonly #keys: boolean[] = [];
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #position: number;
  readonly #start: number;
  readonly pts: number[] = [];

  private constructor(file: FileHandle, start: number) {
    this.#file = file;
    this.#start = start;
    this.#position = start;
  }

  static async create(path: string): Promise<MovieWriter> {
    const file = await open(path, 'w', 0o600);
    const brands = ascii('isom\0\0\0\0isomiso2mp41');
    const type = makeBox('ftyp', brands);
    await file.write(type, 0, type.length, 0);
    // The box of samples has a long header, whose size is known at the end.
    return new MovieWriter(file, type.length + 16);
  }

  async add(sample: Uint8Array, pts: number, key: boolean): Promise<void> {
    this.#sizes.push(sample.length);
    this.#keys.push(key);
    this.pts.push(pts);
    this.#waiting.push(sample);
    this.#waitingBytes += sample.length;
    if (this.#waitingBytes >= batchBytes) await this.#flush();
  }

  async #flush(): Promise<void> {
    const bytes = concatBytes(this.#waiting);
    this.#waiting = [];
    this.#waitingBytes = 0;
    await writeAt(this.#file, bytes, this.#position);
    this.#position += bytes.length;
  }

  async finish(about: Omit<Parameters<typeof movieBox>[0], 'offset' | 'sizes' | 'keys'>): Promise<void> {
    await this.#flush();
    const header = new Uint8Array(16);
    const view = viewOf(header);
    view.setUint32(0, 1);
    header.set(ascii('mdat'), 4);
    view.setBigUint64(8, BigInt(this.#position - this.#start + 16));
    await writeAt(this.#file, header, this.#start - 16);
    await writeAt(
      this.#file,
      movieBox({ ...about, offset: this.#start, sizes: this.#sizes, keys: this.#keys }),
      this.#position,
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#file.close();
  }
}

async function writeAt(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written, position + written);
    written += bytesWritten;
  }
}
