import { isRecord } from '../../../../lib/json.ts';
import { ApiError } from '../api-error.ts';
import { listOf } from '../api-object.ts';

/** One line of a watch. */
export type WatchEvent<T> =
  | { readonly type: 'put' | 'removed'; readonly object: T }
  /** An object that `accept` does not recognize. */
  | { readonly type: 'unreadable'; readonly text: string }
  /** The version that the watch has reached; with `initialEnd`, all existing objects have been sent. */
  | { readonly type: 'bookmark'; readonly resourceVersion: string; readonly initialEnd: boolean };

const initialEndAnnotation = 'k8s.io/initial-events-end';

/**
 * Reads a line of a watch.
 *
 * @param accept makes a typed object of it; undefined when it is not such an object
 * @throws ApiError when the server ends the watch with a Status, such as 410; Error when the line is not a watch event
 */
export function readWatchEvent<T>(
  line: unknown,
  accept: (value: unknown) => T | undefined,
  path: string,
): WatchEvent<T> {
  if (!isRecord(line)) throw unexpected(line);
  const { type, object } = line;
  if (type === 'ERROR') {
    const code = isRecord(object) && typeof object['code'] === 'number' ? object['code'] : 500;
    throw new ApiError(code, JSON.stringify(object), `watch of ${path}`);
  }
  if (type === 'BOOKMARK') return readBookmark(object);
  if (type !== 'ADDED' && type !== 'MODIFIED' && type !== 'DELETED') throw unexpected(line);
  const accepted = accept(object);
  if (accepted === undefined) return { type: 'unreadable', text: excerpt(object) };
  return { type: type === 'DELETED' ? 'removed' : 'put', object: accepted };
}

function readBookmark(object: unknown): WatchEvent<never> {
  const metadata = isRecord(object) && isRecord(object['metadata']) ? object['metadata'] : {};
  const { resourceVersion, annotations } = metadata;
  if (typeof resourceVersion !== 'string') throw unexpected(object);
  const initialEnd = isRecord(annotations) && annotations[initialEndAnnotation] === 'true';
  return { type: 'bookmark', resourceVersion, initialEnd };
}

export interface ListPage {
  readonly items: readonly unknown[];
  readonly resourceVersion: string;
  /** Requests the next page; undefined on the last one. */
  readonly continueToken: string | undefined;
}

/** @throws Error when the answer is not a list */
export function readListPage(page: unknown, path: string): ListPage {
  const metadata = isRecord(page) && isRecord(page['metadata']) ? page['metadata'] : {};
  const { resourceVersion, continue: token } = metadata;
  if (typeof resourceVersion !== 'string') throw new Error(`Expected ${path} to answer with a list`);
  return {
    items: listOf(page),
    resourceVersion,
    continueToken: typeof token === 'string' && token !== '' ? token : undefined,
  };
}

function unexpected(line: unknown): Error {
  return new Error(`Expected an event of a watch, got ${excerpt(line)}`);
}

function excerpt(value: unknown): string {
  return JSON.stringify(value ?? null).slice(0, 200);
}
