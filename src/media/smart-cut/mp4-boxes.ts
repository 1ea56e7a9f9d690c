import { ascii, concatBytes, viewOf } from './bytes.ts';
import { SmartCutError } from './nal-units.ts';

// Boxes of ISO/IEC 14496-12 (MP4, QuickTime).

export interface Box {
  readonly type: string;
  /** Content behind the header. */
  readonly body: Uint8Array;
  /** The box with its header. */
  readonly whole: Uint8Array;
}

/** The boxes in a row of bytes. */
export function boxesOf(bytes: Uint8Array): Box[] {
  const boxes: Box[] = [];
  const view = viewOf(bytes);
  let at = 0;
  while (at + 8 <= bytes.length) {
    const { size, header, type } = headerAt(view, at, bytes.length);
    if (size < header || at + size > bytes.length)
      throw new SmartCutError(`expected a box ${type} within its parent, got one of ${size} bytes`);
    boxes.push({ type, body: bytes.subarray(at + header, at + size), whole: bytes.subarray(at, at + size) });
    at += size;
  }
  return boxes;
}

/** Type and length of the box whose header starts at a position; `end` is where a box without a length ends. */
export function headerAt(
  view: DataView,
  at: number,
  end: number,
): { readonly type: string; readonly size: number; readonly header: number } {
  const short = view.getUint32(at);
  const type = String.fromCharCode(...[4, 5, 6, 7].map((offset) => view.getUint8(at + offset)));
  if (short === 1) return { type, size: Number(view.getBigUint64(at + 8)), header: 16 };
  return { type, size: short === 0 ? end - at : short, header: 8 };
}

/** The box at a path of types below a row of bytes, or an error. */
export function boxAt(bytes: Uint8Array, ...path: readonly string[]): Box {
  const box = findBox(bytes, ...path);
  if (box === undefined) throw new SmartCutError(`expected a box ${path.join('/')}, got none`);
  return box;
}

export function findBox(bytes: Uint8Array, ...path: readonly string[]): Box | undefined {
  const [type, ...rest] = path;
  const box = boxesOf(bytes).find((candidate) => candidate.type === type);
  return box === undefined || rest.length === 0 ? box : findBox(box.body, ...rest);
}

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
