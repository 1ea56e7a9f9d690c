import { concatBytes, sameBytes } from '../mp4/bytes.ts';
import { type NalCodec, nalKind, SmartCutError } from './nal-units.ts';
import { idOf } from './parameter-sets.ts';

/** What a decoder needs before the first frame: `avcC` or `hvcC` (ISO/IEC 14496-15). */
export interface DecoderConfiguration {
  /** Bytes of the length before each NAL unit of a sample. */
  readonly lengthBytes: number;
  readonly units: readonly Uint8Array[];
}

/** Bytes of an `hvcC` before its arrays; in an `avcC` the number of SPS is at 5. */
const hevcHeader = 22;

export function parseConfiguration(codec: NalCodec, box: Uint8Array): DecoderConfiguration {
  const read = new ByteReader(box);
  if (read.byte(0) !== 1) throw new SmartCutError('expected a decoder configuration of version 1, got another version');
  return codec === 'h264' ? parseAvc(read) : parseHevc(read);
}

function parseAvc(read: ByteReader): DecoderConfiguration {
  const lengthBytes = (read.byte(4) & 3) + 1;
  const units: Uint8Array[] = [];
  let at = 6;
  for (let set = read.byte(5) & 0x1f; set > 0; set -= 1) at = read.unit(at, units);
  const ppsCount = read.byte(at);
  at += 1;
  for (let set = ppsCount; set > 0; set -= 1) at = read.unit(at, units);
  return { lengthBytes, units };
}

function parseHevc(read: ByteReader): DecoderConfiguration {
  const lengthBytes = (read.byte(21) & 3) + 1;
  const units: Uint8Array[] = [];
  let at = hevcHeader + 1;
  for (let array = read.byte(hevcHeader); array > 0; array -= 1) {
    const count = read.word(at + 1);
    at += 3;
    for (let unit = count; unit > 0; unit -= 1) at = read.unit(at, units);
  }
  return { lengthBytes, units };
}

/**
 * One configuration for copied and re-encoded frames: the parameter sets of both, the highest level of both, and the rest
 * as in the copied stream.
 *
 * @param reencoded configurations of the head and the tail, and their parameter sets with new ids
 * @throws SmartCutError when both use the same id
 */
export function mergeConfigurations(
  codec: NalCodec,
  copied: Uint8Array,
  reencoded: readonly { readonly box: Uint8Array; readonly sets: readonly Uint8Array[] }[],
): Uint8Array {
  // HDR metadata in the configuration applies to all frames, so it stays.
  const kept = parseConfiguration(codec, copied).units.filter(
    (unit) => isParameterSet(codec, unit) || nalKind(codec, unit) === 'sei',
  );
  const added = distinct(reencoded.flatMap(({ sets }) => sets));
  assertApart(codec, kept, added);
  const units = [...kept, ...added];
  const boxes = [copied, ...reencoded.map(({ box }) => box)];
  return codec === 'h264' ? writeAvc(copied, boxes, units) : writeHevc(copied, boxes, units);
}

export function isParameterSet(codec: NalCodec, unit: Uint8Array): boolean {
  return ['vps', 'sps', 'pps'].includes(nalKind(codec, unit));
}

function distinct(units: readonly Uint8Array[]): Uint8Array[] {
  return units.filter((unit, at) => units.findIndex((other) => sameBytes(unit, other)) === at);
}

function assertApart(codec: NalCodec, kept: readonly Uint8Array[], added: readonly Uint8Array[]): void {
  const name = (unit: Uint8Array): string => JSON.stringify(idOf(codec, unit));
  const seen = new Set(kept.filter((unit) => isParameterSet(codec, unit)).map(name));
  for (const unit of added) {
    const id = name(unit);
    if (seen.has(id)) throw new SmartCutError(`expected different ids of parameter sets, got ${id} twice`);
    seen.add(id);
  }
}

function writeAvc(copied: Uint8Array, boxes: readonly Uint8Array[], units: readonly Uint8Array[]): Uint8Array {
  const sps = units.filter((unit) => nalKind('h264', unit) === 'sps');
  const pps = units.filter((unit) => nalKind('h264', unit) === 'pps');
  const header = Uint8Array.from(copied.subarray(0, 5));
  header[3] = highest(boxes, 3);
  return concatBytes([
    header,
    Uint8Array.of(0xe0 | sps.length),
    ...sps.flatMap(withLength),
    Uint8Array.of(pps.length),
    ...pps.flatMap(withLength),
    // Chroma and bit depth of the high profiles.
    copied.subarray(endOfAvc(copied)),
  ]);
}

function endOfAvc(box: Uint8Array): number {
  const { units } = parseConfiguration('h264', box);
  return 7 + units.reduce((total, unit) => total + 2 + unit.length, 0);
}

function writeHevc(copied: Uint8Array, boxes: readonly Uint8Array[], units: readonly Uint8Array[]): Uint8Array {
  const header = Uint8Array.from(copied.subarray(0, hevcHeader));
  header[12] = highest(boxes, 12);
  const arrays = [32, 33, 34, 39, 40]
    .map((type) => ({ type, members: units.filter((unit) => (((unit[0] ?? 0) >> 1) & 0x3f) === type) }))
    .filter(({ members }) => members.length > 0);
  return concatBytes([
    header,
    Uint8Array.of(arrays.length),
    ...arrays.flatMap(({ type, members }) => [
      // array_completeness: the stream itself contains no further parameter set of the type.
      Uint8Array.of(0x80 | type, members.length >> 8, members.length & 0xff),
      ...members.flatMap(withLength),
    ]),
  ]);
}

function highest(boxes: readonly Uint8Array[], at: number): number {
  return Math.max(...boxes.map((box) => box[at] ?? 0));
}

function withLength(unit: Uint8Array): Uint8Array[] {
  return [Uint8Array.of(unit.length >> 8, unit.length & 0xff), unit];
}

/** Throws a `SmartCutError` where a box is truncated. */
class ByteReader {
  readonly #box: Uint8Array;

  constructor(box: Uint8Array) {
    this.#box = box;
  }

  byte(at: number): number {
    const value = this.#box[at];
    if (value === undefined) throw new SmartCutError('expected a whole decoder configuration, got part of one');
    return value;
  }

  word(at: number): number {
    return this.byte(at) * 256 + this.byte(at + 1);
  }

  /** Adds the unit at a position, which follows its length, and returns where it ends. */
  unit(at: number, units: Uint8Array[]): number {
    const end = at + 2 + this.word(at);
    if (end > this.#box.length) throw new SmartCutError('expected a whole parameter set, got part of one');
    units.push(this.#box.subarray(at + 2, end));
    return end;
  }
}
