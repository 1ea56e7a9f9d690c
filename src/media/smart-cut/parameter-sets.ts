import {
  BitReader,
  escape,
  type NalCodec,
  type NalKind,
  nalKind,
  nalType,
  SmartCutError,
  unescape,
} from './nal-units.ts';

// Copied and re-encoded frames share one stream, and each kind needs its own parameter sets. The sets of re-encoded frames
// get other ids, so that both can be in the decoder configuration from the start: many players do not read new parameter
// sets from within the stream. docs/decisions/0009 has the alternatives.

/** Largest ids of parameter sets (H.264 7.4.2, H.265 7.4.3). */
const highest = { h264: { sps: 31, pps: 255 }, hevc: { sps: 15, pps: 63 } } as const;

/** Id of the VPS of re-encoded frames. It has a fixed length, so any free id would do. */
const newVps = 15;

/**
 * The new id of a parameter set. Its Exp-Golomb code is the old one with four zero bits before and four after it: what
 * follows moves by exactly one byte, so that neither the alignment of slice data nor its content changes.
 */
export function renumbered(id: number): number {
  return (id + 1) * 16 - 1;
}

/** The kind and id of a parameter set, to find out whether two streams use the same; `undefined` for other units. */
export function idOf(codec: NalCodec, unit: Uint8Array): { readonly kind: NalKind; readonly id: number } | undefined {
  const kind = nalKind(codec, unit);
  if (kind !== 'vps' && kind !== 'sps' && kind !== 'pps') return undefined;
  const plain = unescape(unit);
  if (kind === 'vps') return { kind, id: (plain[2] ?? 0) >> 4 };
  return { kind, id: new BitReader(plain, firstCode(codec, kind, plain)).ue() };
}

/** A unit of the re-encoded head or tail with new ids. Units without an id are returned as they are. */
export function renumber(codec: NalCodec, unit: Uint8Array): Uint8Array {
  const kind = nalKind(codec, unit);
  if (kind !== 'vps' && kind !== 'sps' && kind !== 'pps' && kind !== 'slice') return unit;
  const plain = Uint8Array.from(unescape(unit));
  if (kind === 'vps') {
    plain[2] = (newVps << 4) | ((plain[2] ?? 0) & 0x0f);
    return escape(plain);
  }
  if (kind === 'sps' && codec === 'hevc') plain[2] = (newVps << 4) | ((plain[2] ?? 0) & 0x0f);
  const changed = widen(plain, firstCode(codec, kind, plain), highest[codec][kind === 'sps' ? 'sps' : 'pps']);
  // In a PPS, the id of its SPS follows its own id.
  return escape(kind === 'pps' ? widen(changed.plain, changed.next, highest[codec].sps).plain : changed.plain);
}

/** Position in bits of the id: of the parameter set itself, or of the PPS that a slice uses. */
function firstCode(codec: NalCodec, kind: NalKind, plain: Uint8Array): number {
  if (codec === 'h264') {
    if (kind === 'pps') return 8;
    // Profile, constraints and level.
    if (kind === 'sps') return 32;
    const reader = new BitReader(plain, 8);
    reader.ue();
    reader.ue();
    return reader.position;
  }
  if (kind === 'pps') return 16;
  if (kind === 'sps') return 16 + 8 + profileTierLevelBits(plain);
  const type = nalType(codec, plain);
  // first_slice_segment_in_pic_flag, and for key frames no_output_of_prior_pics_flag.
  return type >= 16 && type <= 23 ? 18 : 17;
}

/** Length of profile_tier_level() of an HEVC SPS (H.265 7.3.3). */
function profileTierLevelBits(plain: Uint8Array): number {
  const subLayers = ((plain[2] ?? 0) >> 1) & 7;
  const general = 96;
  if (subLayers === 0) return general;
  const reader = new BitReader(plain, 24 + general);
  let bits = general + 16;
  for (let layer = 0; layer < subLayers; layer += 1)
    bits += (reader.bit() === 1 ? 88 : 0) + (reader.bit() === 1 ? 8 : 0);
  return bits;
}

/** Puts four zero bits before and four after the code at a bit position. */
function widen(plain: Uint8Array, at: number, most: number): { readonly plain: Uint8Array; readonly next: number } {
  const reader = new BitReader(plain, at);
  const id = reader.ue();
  if (renumbered(id) > most) {
    throw new SmartCutError(`expected a low id of a parameter set, got ${id}, which leaves no room for another`);
  }
  const end = reader.position;
  const wide = new Uint8Array(plain.length + 1);
  const from = at >> 3;
  // Only the bytes from the code to its end change; all after them move by one.
  wide.set(plain.subarray(0, from));
  wide.set(plain.subarray(end >> 3), (end >> 3) + 1);
  for (let byte = from; byte <= (end >> 3) + 1; byte += 1) wide[byte] = 0;
  const put = (position: number, value: number): void => {
    if (value === 1) wide[position >> 3] = (wide[position >> 3] ?? 0) | (0x80 >> (position & 7));
  };
  const original = new BitReader(plain, from * 8);
  for (let position = from * 8; position < at; position += 1) put(position, original.bit());
  for (let position = at + 4; position < end + 4; position += 1) put(position, original.bit());
  for (let position = end + 8; position < ((end >> 3) + 2) * 8 && position - 8 < plain.length * 8; position += 1)
    put(position, original.bit());
  return { plain: wide, next: end + 8 };
}

/** HEVC NAL unit types CRA_NUT and BLA_N_LP (H.265 table 7-1). */
const cleanRandomAccess = 21;
const brokenLinkWithoutLeading = 18;

/**
 * A unit of the first copied key frame after re-encoded frames. An HEVC CRA frame becomes a BLA frame, as H.265 requires
 * at a splice point: frames after it do not refer to frames before it. Only the type in the header differs. Its leading
 * frames, which refer to frames before it, are not copied.
 */
export function asFirstAfterSplice(codec: NalCodec, unit: Uint8Array): Uint8Array {
  if (codec !== 'hevc' || nalType(codec, unit) !== cleanRandomAccess) return unit;
  const spliced = Uint8Array.from(unit);
  spliced[0] = ((unit[0] ?? 0) & 0x81) | (brokenLinkWithoutLeading << 1);
  return spliced;
}

/** Whether a decoder can start at this slice and show all frames that follow it. */
export function canStartDecoding(codec: NalCodec, unit: Uint8Array): boolean {
  const type = nalType(codec, unit);
  return codec === 'h264' ? type === 5 : type >= 16 && type <= cleanRandomAccess;
}
