import { CodedError } from '../../errors/coded-error.ts';
import type { Asset } from '../../ports/asset-index.ts';
import { isObjectKey } from './object-key.ts';

// The names of the asset index in an object store: an entry per file, found by its key, and an empty mark per file, whose
// name holds the owner and the time of creation, so that a listing of names is enough to filter and to sort.

const entries = 'asset-index/by-key/';
const marks = 'asset-index/by-owner/';

/** Milliseconds since 1970 with all digits up to the year 2286, so that they sort as text. */
const digits = 13;

/** What the name of a mark holds. */
export interface AssetMark {
  /** The name itself. */
  readonly key: string;
  readonly owner: string;
  readonly asset: string;
  /** Unix milliseconds. */
  readonly createdAt: number;
  /** Position in the order of creation; comparable as text. */
  readonly position: string;
}

export function entryKey(asset: string): string {
  return `${entries}${asset}`;
}

/** Throws `INVALID_REQUEST` when the names are too long for an object store, or not made of its characters. */
export function markKey({ namespace, owner, createdAt, key }: Asset): string {
  const mark = `${marksOf({ namespace, owner })}${String(createdAt).padStart(digits, '0')}-${key}`;
  if (isObjectKey(mark)) return mark;
  throw new CodedError(
    'INVALID_REQUEST',
    `Expected names of a namespace, an owner and a file, got ${JSON.stringify(mark.slice(marks.length, 300))}`,
    { remedy: 'An owner and a namespace are at most 63 letters, digits, dots, dashes and underscores.' },
  );
}

/** Beginning of the names of marks. Those of an owner in any namespace have only the beginning of all marks. */
export function marksOf({ namespace, owner }: { readonly namespace?: string; readonly owner?: string }): string {
  if (namespace === undefined) return marks;
  return owner === undefined ? `${marks}${namespace}/` : `${marks}${namespace}/${owner}/`;
}

/** Parses the name of a mark; undefined for another name. */
export function markOf(key: string): AssetMark | undefined {
  const [, owner, position, milliseconds, asset] =
    /^[^/]+\/([^/]+)\/((\d{13})-([^/]+))$/.exec(key.startsWith(marks) ? key.slice(marks.length) : '') ?? [];
  if (owner === undefined || position === undefined || asset === undefined) return undefined;
  return { key, owner, asset, createdAt: Number(milliseconds), position };
}

/** An opaque cursor: the position of the last file of a page. New files do not move it. */
export function cursorAfter({ position }: AssetMark): string {
  return Buffer.from(`asset:${position}`).toString('base64url');
}

/** The position that a cursor holds. Throws `INVALID_REQUEST` for a text that is no cursor. */
export function positionOf(cursor: string): string {
  const [, position] = /^asset:(\d{13}-[^/]{1,255})$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  if (position !== undefined) return position;
  throw new CodedError('INVALID_REQUEST', 'Expected `cursor` to be from the previous page of this list', {
    remedy: 'Pass the `cursor` of the previous page unchanged, or omit it to get the first page.',
  });
}
