import { viewOf } from '../mp4/bytes.ts';
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
