import { CodedError } from '../../errors/coded-error.ts';
import { viewOf } from './bytes.ts';

// Boxes of the ISO base media file format (ISO/IEC 14496-12, section 4.2): a length, a type of four characters, content.

/** Where a box lies in a buffer; `content` is where its content begins. */
export interface Mp4Box {
  readonly type: string;
  readonly start: number;
  readonly content: number;
  readonly end: number;
}

/** Bytes that the longest header of a box takes. */
export const longestBoxHeader = 16;

/**
 * The type and length of the box whose header begins at `start`; a length of 0 reaches to `end`.
 *
 * @throws MalformedMp4Error when there can be no box
 */
export function boxAt(bytes: Uint8Array, start: number, end: number): Mp4Box {
  if (end - start < 8) throw malformed(`${end - start} bytes at ${start}`);
  const view = viewOf(bytes);
  const short = view.getUint32(start);
  const long = short === 1;
  if (long && end - start < longestBoxHeader) throw malformed(`a truncated header at ${start}`);
  const size = long ? Number(view.getBigUint64(start + 8)) : short === 0 ? end - start : short;
  const header = long ? longestBoxHeader : 8;
  if (size < header || size > end - start) throw malformed(`a length of ${size} at ${start}`);
  return { type: typeAt(bytes, start + 4), start, content: start + header, end: start + size };
}

/** The boxes that lie one after the other in a range. */
export function boxesIn(bytes: Uint8Array, start = 0, end = bytes.length): Mp4Box[] {
  const boxes: Mp4Box[] = [];
  for (let at = start; at < end; at = boxes.at(-1)?.end ?? end) boxes.push(boxAt(bytes, at, end));
  return boxes;
}

/** The first box that a path of types leads to from a range; `undefined` when there is none. */
export function findBox(bytes: Uint8Array, path: readonly string[], start = 0, end = bytes.length): Mp4Box | undefined {
  const [type, ...rest] = path;
  const found = boxesIn(bytes, start, end).find((candidate) => candidate.type === type);
  return found === undefined || rest.length === 0 ? found : findBox(bytes, rest, found.content, found.end);
}

export function typeAt(bytes: Uint8Array, start: number): string {
  return String.fromCharCode(...bytes.subarray(start, start + 4));
}

/** The content of the first box that a path of types leads to; `undefined` when there is none. */
export function findContent(bytes: Uint8Array, path: readonly string[]): Uint8Array | undefined {
  const found = findBox(bytes, path);
  return found === undefined ? undefined : contentOf(bytes, found);
}

/** The content of a required box. @throws MalformedMp4Error */
export function contentAt(bytes: Uint8Array, path: readonly string[]): Uint8Array {
  const content = findContent(bytes, path);
  if (content === undefined) throw malformed(`no ${path.join('/')}`);
  return content;
}

export function contentOf(bytes: Uint8Array, { content, end }: Mp4Box): Uint8Array {
  return bytes.subarray(content, end);
}

/** A file that FFmpeg wrote is not what its muxer writes. */
export class MalformedMp4Error extends CodedError {
  constructor(got: string) {
    super('FFMPEG_FAILED', `Expected well-formed boxes in an MP4 file of FFmpeg's, got ${got}`);
  }
}

export function malformed(got: string): MalformedMp4Error {
  return new MalformedMp4Error(got);
}
