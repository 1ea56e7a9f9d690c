/** The codecs that a smart cut can copy: their streams are NAL units with parameter sets that have ids. */
export type NalCodec = 'h264' | 'hevc';

/** A stream that a smart cut cannot handle; the whole clip is encoded instead. */
export class SmartCutError extends Error {
  override readonly name = 'SmartCutError';
}

/** What a NAL unit is for, as far as a smart cut needs it (H.264 table 7-1, H.265 table 7-1). */
export type NalKind = 'slice' | 'vps' | 'sps' | 'pps' | 'sei' | 'delimiter' | 'other';

const h264Kinds: Readonly<Record<number, NalKind>> = {
  1: 'slice',
  5: 'slice',
  6: 'sei',
  7: 'sps',
  8: 'pps',
  9: 'delimiter',
};
const hevcKinds: Readonly<Record<number, NalKind>> = {
  32: 'vps',
  33: 'sps',
  34: 'pps',
  35: 'delimiter',
  39: 'sei',
  40: 'sei',
};
const hevcSliceTypes = 32;

export function nalType(codec: NalCodec, unit: Uint8Array): number {
  const first = unit[0] ?? 0;
  return codec === 'h264' ? first & 0x1f : (first >> 1) & 0x3f;
}

export function nalKind(codec: NalCodec, unit: Uint8Array): NalKind {
  const type = nalType(codec, unit);
  if (codec === 'h264') return h264Kinds[type] ?? 'other';
  return type < hevcSliceTypes ? 'slice' : (hevcKinds[type] ?? 'other');
}

/** SEI messages with HDR metadata: mastering display and content light level. */
const hdrMessages: readonly number[] = [137, 144];

/** Whether a unit is one SEI message with HDR metadata, which refers to no other unit. */
export function isHdrMessage(codec: NalCodec, unit: Uint8Array): boolean {
  if (nalKind(codec, unit) !== 'sei') return false;
  const plain = unescape(unit);
  const header = codec === 'h264' ? 1 : 2;
  const [type = 0, size = 0] = plain.subarray(header);
  // Longer types and sizes begin with 255; after the message comes the stop bit of the unit.
  return hdrMessages.includes(type) && plain.length === header + 2 + size + 1 && plain.at(-1) === 0x80;
}

/** Types that the standard leaves unspecified and Dolby Vision uses for its layers. */
export function isDolbyVision(codec: NalCodec, unit: Uint8Array): boolean {
  return codec === 'hevc' && [62, 63].includes(nalType(codec, unit));
}

/** The NAL units of one sample of an MP4: each after its length in `lengthBytes` bytes. */
export function splitSample(sample: Uint8Array, lengthBytes: number): Uint8Array[] {
  const units: Uint8Array[] = [];
  let at = 0;
  while (at < sample.length) {
    let length = 0;
    for (let index = 0; index < lengthBytes; index += 1) length = length * 256 + (sample[at + index] ?? 0);
    at += lengthBytes;
    if (at + length > sample.length) {
      throw new SmartCutError(`expected a NAL unit of ${length} bytes, got ${Math.max(0, sample.length - at)}`);
    }
    if (length > 0) units.push(sample.subarray(at, at + length));
    at += length;
  }
  return units;
}

/** The reverse of `splitSample`. */
export function joinSample(units: readonly Uint8Array[], lengthBytes: number): Uint8Array {
  const sample = new Uint8Array(units.reduce((total, unit) => total + lengthBytes + unit.length, 0));
  let at = 0;
  for (const unit of units) {
    if (unit.length >= 256 ** lengthBytes)
      throw new SmartCutError(`expected NAL units below ${256 ** lengthBytes} bytes, got one of ${unit.length}`);
    for (let index = 0; index < lengthBytes; index += 1)
      sample[at + index] = Math.floor(unit.length / 256 ** (lengthBytes - 1 - index)) & 0xff;
    sample.set(unit, at + lengthBytes);
    at += lengthBytes + unit.length;
  }
  return sample;
}

/** A unit without its emulation prevention bytes (H.264 7.4.1.1, H.265 7.4.2.1). */
export function unescape(unit: Uint8Array): Uint8Array {
  const plain = new Uint8Array(unit.length);
  let length = 0;
  let zeros = 0;
  for (const byte of unit) {
    if (zeros >= 2 && byte === 3) {
      zeros = 0;
      continue;
    }
    plain[length++] = byte;
    zeros = byte === 0 ? zeros + 1 : 0;
  }
  return plain.subarray(0, length);
}

/** The reverse of `unescape`. */
export function escape(plain: Uint8Array): Uint8Array {
  const unit = new Uint8Array(plain.length + Math.ceil(plain.length / 2) + 1);
  let length = 0;
  let zeros = 0;
  for (const byte of plain) {
    if (zeros === 2 && byte <= 3) {
      unit[length++] = 3;
      zeros = 0;
    }
    unit[length++] = byte;
    zeros = byte === 0 ? zeros + 1 : 0;
  }
  // Stuffing after the last slice ends with zeros, and a unit must not.
  if (zeros === 2) unit[length++] = 3;
  return unit.slice(0, length);
}

/** Reads an unescaped unit bit by bit. */
export class BitReader {
  readonly #bytes: Uint8Array;
  #at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes;
    this.#at = at;
  }

  /** Position in bits. */
  get position(): number {
    return this.#at;
  }

  bit(): number {
    const byte = this.#bytes[this.#at >> 3];
    if (byte === undefined) throw new SmartCutError('expected more bits in a NAL unit, got its end');
    const value = (byte >> (7 - (this.#at & 7))) & 1;
    this.#at += 1;
    return value;
  }

  bits(count: number): number {
    let value = 0;
    for (let index = 0; index < count; index += 1) value = value * 2 + this.bit();
    return value;
  }

  /** An unsigned Exp-Golomb code, ue(v). */
  ue(): number {
    let zeros = 0;
    while (this.bit() === 0) {
      zeros += 1;
      if (zeros > 31) throw new SmartCutError('expected an Exp-Golomb code, got too many zeros');
    }
    return 2 ** zeros - 1 + this.bits(zeros);
  }
}
