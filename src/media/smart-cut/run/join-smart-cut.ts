import { sameBytes } from '../../mp4/bytes.ts';
import { isParameterSet, mergeConfigurations, parseConfiguration } from '../decoder-configuration.ts';
import type { SmartJoin } from '../join.ts';
import { withConfiguration } from '../mp4-movie.ts';
import {
  isDolbyVision,
  isHdrMessage,
  joinSample,
  type NalCodec,
  nalKind,
  SmartCutError,
  splitSample,
} from '../nal-units.ts';
import { asFirstAfterSplice, canStartDecoding, renumber } from '../parameter-sets.ts';
import { selectSamples } from '../selection.ts';
import { MovieWriter } from './movie-writer.ts';
import { openPiece, type PieceFile, readSample } from './piece-file.ts';

/** What the joined stream is made of. */
export interface JoinedCut {
  readonly copiedFrames: number;
  readonly encodedFrames: number;
}

/**
 * Joins copied and re-encoded frames to one MP4 track. Rejects with `SmartCutError` when the pieces do not fit together,
 * and with the error of the file system when one cannot be read or written.
 */
export async function joinSmartCut(join: SmartJoin, signal: AbortSignal): Promise<JoinedCut> {
  await using source = await openPiece(join.source);
  await using headFile = join.head === undefined ? undefined : await openPiece(join.head);
  await using tailFile = join.tail === undefined ? undefined : await openPiece(join.tail);
  const { codec } = join;
  const { track } = source;
  if (track.timescale !== join.timescale)
    throw new SmartCutError(`expected ${join.timescale} ticks per second, got ${track.timescale}`);
  const selected = selectSamples(join, track.samples);
  const head = reencodedPiece(codec, headFile, selected.head);
  const tail = reencodedPiece(codec, tailFile, selected.tail);
  const reencoded = [head, tail].filter((piece) => piece !== undefined);
  const configuration = mergeConfigurations(
    codec,
    track.configuration,
    reencoded.map(({ piece, sets }) => ({ box: piece.track.configuration, sets })),
  );

  await using writer = await MovieWriter.create(join.output);
  const { lengthBytes } = parseConfiguration(codec, track.configuration);
  const target: JoinTarget = { writer, codec, lengthBytes, signal };
  if (head !== undefined) await writeReencoded(head, target);
  await writeCopied(source, selected.copied, target);
  if (tail !== undefined) await writeReencoded(tail, target);
  const { pts, end } = presentation(writer.pts, join, track.lastDuration);
  const entry = withConfiguration(track.entry, configuration);
  const { timescale, language, matrix, size } = track;
  await writer.finish({ timescale, pts, end, entry, language, matrix, size });
  return { copiedFrames: selected.copied.length, encodedFrames: selected.head.length + selected.tail.length };
}

/** Times from the origin on, and where the last frame ends. */
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

/** Where samples are written, and in which form. */
interface JoinTarget {
  readonly writer: MovieWriter;
  readonly codec: NalCodec;
  /** Bytes of the length before each NAL unit in the joined stream. */
  readonly lengthBytes: number;
  readonly signal: AbortSignal;
}

/** The re-encoded head or tail. */
interface ReencodedPiece {
  readonly piece: PieceFile;
  /** Presentation times of its frames in the source, ascending. */
  readonly pts: readonly number[];
  /** Parameter sets of the encoder, and the same with new ids. */
  readonly own: readonly Uint8Array[];
  readonly sets: readonly Uint8Array[];
  /** HDR metadata of the encoder, for every key frame. */
  readonly hdr: readonly Uint8Array[];
}

function reencodedPiece(
  codec: NalCodec,
  piece: PieceFile | undefined,
  pts: readonly number[],
): ReencodedPiece | undefined {
  const count = piece?.track.samples.count ?? 0;
  if (count !== pts.length) throw new SmartCutError(`expected ${pts.length} re-encoded frames, got ${count}`);
  if (piece === undefined) return undefined;
  const { units } = parseConfiguration(codec, piece.track.configuration);
  const own = units.filter((unit) => isParameterSet(codec, unit));
  const hdr = units.filter((unit) => isHdrMessage(codec, unit));
  return { piece, pts, own, sets: own.map((unit) => renumber(codec, unit)), hdr };
}

async function writeReencoded(
  { piece, pts, own, hdr }: ReencodedPiece,
  { writer, codec, lengthBytes, signal }: JoinTarget,
): Promise<void> {
  const { track } = piece;
  const from = parseConfiguration(codec, track.configuration).lengthBytes;
  // The encoder does not reorder, so frames are stored in the order in which they are shown.
  for (const [index, shown] of pts.entries()) {
    signal.throwIfAborted();
    const units = splitSample(await readSample(piece, index), from).flatMap((unit) => keptUnits(codec, unit, own));
    const key = track.samples.keys[index] === 1;
    const withoutHdr = !units.some((unit) => isHdrMessage(codec, unit));
    await writer.add(joinSample(key && withoutHdr ? [...hdr, ...units] : units, lengthBytes), shown, key);
  }
}

/** What a NAL unit of a re-encoded frame becomes in the joined stream. */
function keptUnits(codec: NalCodec, unit: Uint8Array, own: readonly Uint8Array[]): Uint8Array[] {
  if (nalKind(codec, unit) === 'slice') return [renumber(codec, unit)];
  if (isHdrMessage(codec, unit)) return [unit];
  if (isParameterSet(codec, unit) && !own.some((set) => sameBytes(set, unit)))
    throw new SmartCutError('expected an encoder that keeps its parameter sets, got one that changes them');
  // Parameter sets are in the configuration; messages of the encoder about its buffer would refer to the old ids.
  return [];
}

async function writeCopied(
  source: PieceFile,
  copied: readonly number[],
  { writer, codec, lengthBytes, signal }: JoinTarget,
): Promise<void> {
  const { samples } = source.track;
  for (const [position, index] of copied.entries()) {
    signal.throwIfAborted();
    const sample = await readSample(source, index);
    const pts = samples.pts[index] ?? 0;
    if (position > 0) {
      await writer.add(sample, pts, samples.keys[index] === 1);
      continue;
    }
    const units = splitSample(sample, lengthBytes);
    assertSplicePoint(codec, units);
    const spliced = writer.pts.length === 0 ? units : units.map((unit) => asFirstAfterSplice(codec, unit));
    await writer.add(joinSample(spliced, lengthBytes), pts, true);
  }
}

function assertSplicePoint(codec: NalCodec, units: readonly Uint8Array[]): void {
  if (!units.some((unit) => nalKind(codec, unit) === 'slice' && canStartDecoding(codec, unit)))
    throw new SmartCutError('expected a key frame at which decoders can start, got another frame');
  if (units.some((unit) => isDolbyVision(codec, unit)))
    throw new SmartCutError('expected frames without further layers, got Dolby Vision, which re-encoded frames lack');
}
