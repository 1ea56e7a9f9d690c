import { CodedError } from '../../errors/coded-error.ts';
import type { Asset } from '../../ports/asset-index.ts';
import { isObjectKey } from './object-key.ts';

// The index of uploads in an object store: an entry per file, found by its key, and an empty mark per file whose name
// says whose it is and since when, so that a listing of names is enough to filter and to sort.

const entries = 'asset-index/by-key/';
const marks = 'asset-index/by-owner/';

/** Milliseconds since 1970 with all digits up to the year 2286, so that they sort as text. */
const digits = 13;

/** What the name of a mark says. */
export interface AssetMark {
  /** The name itself. */
  readonly key: string;
  readonly owner: string;
  readonly asset: string;
  /** Unix milliseconds. */
  readonly createdAt: number;
  /** In the order of creation; comparable as text. */
  readonly place: string;
}

export function entryKey(asset: string): string {
  return `${entries}${asset}`;
}

/** Throws `INVALID_REQUEST` when names are too long, or no names, for an object store. */
export function markKey({ namespace, owner, createdAt, key }: Asset): string {
  const mark = `${marksOf({ namespace, owner })}${String(createdAt).padStart(digits, '0')}-${key}`;
  if (isObjectKey(mark)) return mark;
  throw new CodedError('INVALID_REQUEST', 'Expected names of a namespace, an owner and a file, got others', {
    remedy: 'An owner and a namespace are at most 63 letters, digits, dots, dashes and underscores.',
  });
}

/** Beginning of the names of marks; those of an owner in all namespaces are among all. */
export function marksOf({ namespace, owner }: { readonly namespace?: string; readonly owner?: string }): string {
  if (namespace === undefined) return marks;
  return owner === undefined ? `${marks}${namespace}/` : `${marks}${namespace}/${owner}/`;
}

/** Reads the name of a mark; undefined for what is none. */
export function markOf(key: string): AssetMark | undefined {
  const [, owner, place, milliseconds, asset] =
    /^[^/]+\/([^/]+)\/((\d{13})-([^/]+))$/.exec(key.startsWith(marks) ? key.slice(marks.length) : '') ?? [];
  if (owner === undefined || place === undefined || asset === undefined) return undefined;
  return { key, owner, asset, createdAt: Number(milliseconds), place };
}

/** An opaque cursor: the place of the last file of a page. New files do not move it. */
export function cursorAfter({ place }: AssetMark): string {
  return Buffer.from(`asset:${place}`).toString('base64url');
}

/** The place that a cursor names. Throws `INVALID_REQUEST` for what `cursorAfter` did not make. */
export function placeOf(cursor: string): string {
  const [, place] = /^asset:(\d{13}-[^/]{1,255})$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  if (place !== undefined) return place;
  throw new CodedError('INVALID_REQUEST', 'Expected the cursor of a page that was listed before, got something else', {
    remedy: 'Pass `cursor` as the page before gave it, or leave it out to start with the first page.',
  });
}
