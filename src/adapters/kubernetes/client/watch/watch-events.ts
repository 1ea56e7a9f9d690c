import { isRecord } from '../../../../lib/json.ts';
import { ApiError } from '../api-error.ts';

/** One line of a watch. */
export type WatchEvent<T> =
  | { readonly type: 'put' | 'removed'; readonly object: T }
  /** An object that `accept` could make nothing of. */
  | { readonly type: 'unreadable'; readonly text: string }
  /** No change, only how far the watch has come; `initialEnd` says that everything that was there has been sent. */
  | { readonly type: 'bookmark'; readonly resourceVersion: string; readonly initialEnd: boolean };

const initialEndAnnotation = 'k8s.io/initial-events-end';

/**
 * Reads a line of a watch.
 *
 * @param accept makes a typed object of it, or says by `undefined` that it is none
 * @throws ApiError when the server ends the watch with a Status, 410 among others; Error when the line is none
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

function unexpected(line: unknown): Error {
  return new Error(`Expected an event of a watch, got ${excerpt(line)}`);
}

function excerpt(value: unknown): string {
  return JSON.stringify(value ?? null).slice(0, 200);
}
