import { ascii, concatBytes, viewOf } from './bytes.ts';

// Writers of boxes (ISO/IEC 14496-12, section 4.2): a length, a type of four letters, content.

/** A box with its content. */
export function makeBox(type: string, ...content: readonly Uint8Array[]): Uint8Array {
  const body = concatBytes(content);
  return concatBytes([uint32s([body.length + 8]), ascii(type), body]);
}

/** A box with version and flags. */
export function fullBox(type: string, version: number, flags: number, ...content: readonly Uint8Array[]): Uint8Array {
  return makeBox(type, uint32(version * 2 ** 24 + flags), ...content);
}

export function uint32(...values: readonly number[]): Uint8Array {
  return uint32s(values);
}

/** For lists that are too long for arguments. */
export function uint32s(values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  const view = viewOf(bytes);
  for (const [index, value] of values.entries()) view.setUint32(index * 4, value);
  return bytes;
}

/** Signed or unsigned; both are written alike. */
export function int64(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 8);
  const view = viewOf(bytes);
  for (const [index, value] of values.entries()) view.setBigInt64(index * 8, BigInt(value));
  return bytes;
}

export function uint16(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 2);
  const view = viewOf(bytes);
  for (const [index, value] of values.entries()) view.setUint16(index * 2, value);
  return bytes;
}
