import { setTimeout as sleep } from 'node:timers/promises';
import type { Query } from '../api-call.ts';
import { ApiError, hasStatus, isExpired, statuses } from '../api-error.ts';
import { type ApiObject, keyOfObject } from '../api-object.ts';
import { type BackoffOptions, fullJitter } from '../backoff.ts';
import { jsonLines } from '../json-lines.ts';
import type { Transport } from '../transport.ts';
import { type Change, type Index, ObjectCache } from './object-cache.ts';
import { activeState, firstState, type RoundEnd, stateAfterRound } from './reflector-state.ts';
import { SilenceWatchdog } from './silence-watchdog.ts';
import { readListPage, readWatchEvent, type WatchEvent } from './watch-events.ts';

/** Time limits of a watch; the defaults are for a cluster. */
export interface WatchOptions {
  /** Milliseconds without a byte after which a watch is closed; bookmarks come about once a minute. */
  readonly silenceMs?: number;
  readonly backoff?: BackoffOptions;
  /** Shortest duration that a watch asks for, in seconds; the longest is twice that. */
  readonly watchSeconds?: number;
}

export interface ReflectorOptions<T extends ApiObject> extends WatchOptions {
  /** Of the collection, for example `/apis/batch/v1/jobs`. */
  readonly path: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Makes a typed object of an answer, without what need not be kept; undefined when it is not such an object. */
  readonly accept: (value: unknown) => T | undefined;
  readonly indexes?: Readonly<Record<string, Index<T>>>;
  /** Must not throw; an error is passed to `onError` and has no other effect. */
  readonly onChange: (change: Change<T>) => void;
  readonly onError?: (error: unknown, during: 'list' | 'watch' | 'handler') => void;
  readonly random?: () => number;
  /** False lists page by page from the start, as servers without WatchList need it. */
  readonly watchList?: boolean;
}

/** Objects per page of a list. */
const pageSize = 500;

/**
 * Some objects of the API, kept up to date: listing, then watching, and backing off after failures until it is stopped.
 */
export class Reflector<T extends ApiObject> {
  readonly cache: ObjectCache<T>;
  readonly #transport: Transport;
  readonly #options: ReflectorOptions<T>;
  readonly #synced = Promise.withResolvers<void>();
  #isSynced = false;
  #contactAt = performance.now();
  #watchList: boolean;
  /** How often everything was read, and how often a watch was started. For tests. */
  readonly counts = { reads: 0, watches: 0 };

  constructor(transport: Transport, options: ReflectorOptions<T>) {
    this.#transport = transport;
    this.#options = options;
    this.#watchList = options.watchList ?? true;
    // Without a caller of whenSynced(), the rejection has no handler.
    this.#synced.promise.catch(() => undefined);
    this.cache = new ObjectCache(options.indexes ?? {}, (change) => this.#notify(change));
  }

  /** Whether everything has been read at least once. */
  get synced(): boolean {
    return this.#isSynced;
  }

  /** Resolves when everything has been read for the first time; rejects when it was stopped before that. */
  whenSynced(): Promise<void> {
    return this.#synced.promise;
  }

  /** Milliseconds since the last byte from the API server. */
  get lastContactMs(): number {
    return performance.now() - this.#contactAt;
  }

  /** Puts the answer to our own write into the cache, before the watch delivers it. */
  observe(object: T): void {
    this.cache.put(object);
  }

  /** Resolves when the signal aborts, and never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    await this.#runStates(signal);
    // Otherwise a caller of whenSynced() would wait forever.
    this.#synced.reject(new Error(`Expected to read ${this.#options.path}, but it was stopped before`));
  }

  async #runStates(signal: AbortSignal): Promise<void> {
    let state = firstState;
    while (!signal.aborted) {
      if (state.name === 'backing-off') {
        await this.#wait(state.failures, signal);
        state = activeState(state.version, state.failures);
        continue;
      }
      const end = await this.#runRound(state.name === 'watching' ? state.version : undefined, signal);
      if (signal.aborted) return;
      if (end.error !== undefined && !isExpired(end.error)) {
        this.#report(end.error, end.version === undefined ? 'list' : 'watch');
      }
      state = stateAfterRound(end, state.failures);
    }
  }

  async #wait(failures: number, signal: AbortSignal): Promise<void> {
    const wait = fullJitter(failures, this.#options.backoff ?? { baseMs: 500, maxMs: 30_000 }, this.#random());
    await sleep(wait, undefined, { signal }).catch(() => undefined);
  }

  /** Reads everything when there is no version, then follows one watch to its end. Never rejects. */
  async #runRound(from: string | undefined, signal: AbortSignal): Promise<RoundEnd> {
    const progress: Progress = { version: from, received: false };
    const startedAt = performance.now();
    let error: unknown;
    try {
      if (from === undefined && !this.#watchList) progress.version = await this.#list(signal);
      await this.#watch(progress, signal);
    } catch (caught) {
      // A server without WatchList rejects the parameter: from now on everything is read page by page.
      if (this.#watchList && progress.version === undefined && isRejectedWatchList(caught)) this.#watchList = false;
      else error = caught;
    }
    return { ...progress, error, lastedMs: performance.now() - startedAt };
  }

  /** One watch until it ends. Without a version it starts with all existing objects (WatchList). */
  async #watch(progress: Progress, signal: AbortSignal): Promise<void> {
    this.counts.watches += 1;
    const initial = progress.version === undefined ? new Set<string>() : undefined;
    if (initial !== undefined) this.counts.reads += 1;
    using watchdog = new SilenceWatchdog(this.#options.silenceMs ?? 150_000, signal);
    const query = { ...this.#watchQuery(), ...(initial ? initialEvents : { resourceVersion: progress.version }) };
    const stream = await this.#transport.stream({ path: this.#options.path, query, signal: watchdog.signal });
    watchdog.reset();
    for await (const line of jsonLines(this.#observed(stream, watchdog))) {
      this.#apply(readWatchEvent(line, this.#options.accept, this.#options.path), progress, initial);
      progress.received = true;
    }
    signal.throwIfAborted();
  }

  #apply(event: WatchEvent<T>, progress: Progress, initial: Set<string> | undefined): void {
    if (event.type === 'unreadable') {
      this.#reportUnreadable(event.text);
      return;
    }
    if (event.type === 'bookmark') {
      if (event.initialEnd && initial !== undefined) this.#complete(initial, event.resourceVersion);
      // Before the end of the initial events there is no version from which a watch could go on.
      if (event.initialEnd || progress.version !== undefined) progress.version = event.resourceVersion;
      return;
    }
    const { object } = event;
    if (event.type === 'put') {
      this.cache.put(object);
      initial?.add(keyOfObject(object));
    } else {
      this.cache.remove(object);
      initial?.delete(keyOfObject(object));
    }
    if (progress.version !== undefined) progress.version = object.metadata.resourceVersion;
  }

  async #list(signal: AbortSignal): Promise<string> {
    this.counts.reads += 1;
    const keys = new Set<string>();
    let version = '';
    let next: string | undefined;
    do {
      const query = { ...this.#selectors(), limit: pageSize, continue: next };
      const page = await this.#transport.request({ path: this.#options.path, query, signal });
      this.#contactAt = performance.now();
      const { items, resourceVersion, continueToken } = readListPage(page, this.#options.path);
      for (const item of items) {
        const object = this.#options.accept(item);
        if (object === undefined) {
          this.#reportUnreadable(JSON.stringify(item).slice(0, 200));
          continue;
        }
        keys.add(keyOfObject(object));
        this.cache.put(object);
      }
      version = resourceVersion;
      next = continueToken;
    } while (next !== undefined);
    this.#complete(keys, version);
    return version;
  }

  #complete(keys: ReadonlySet<string>, version: string): void {
    this.cache.retain(keys, version);
    this.#isSynced = true;
    this.#synced.resolve();
  }

  async *#observed(stream: AsyncIterable<Uint8Array>, watchdog: SilenceWatchdog): AsyncGenerator<Uint8Array> {
    for await (const chunk of stream) {
      watchdog.reset();
      this.#contactAt = performance.now();
      yield chunk;
    }
  }

  #watchQuery(): Query {
    const seconds = this.#options.watchSeconds ?? 300;
    return {
      ...this.#selectors(),
      watch: true,
      allowWatchBookmarks: true,
      // Watches that started together should not end together.
      timeoutSeconds: Math.ceil(seconds * (1 + this.#random())),
    };
  }

  #selectors(): Query {
    return { labelSelector: this.#options.labelSelector, fieldSelector: this.#options.fieldSelector };
  }

  #random(): number {
    return (this.#options.random ?? Math.random)();
  }

  #notify(change: Change<T>): void {
    try {
      this.#options.onChange(change);
    } catch (error) {
      this.#report(error, 'handler');
    }
  }

  /** One unreadable object must not keep the others from being followed. */
  #reportUnreadable(text: string): void {
    this.#report(new Error(`Expected an object of ${this.#options.path}, got ${text}`), 'handler');
  }

  #report(error: unknown, during: 'list' | 'watch' | 'handler'): void {
    this.#options.onError?.(error, during);
  }
}

interface Progress {
  /** After which a watch can go on. */
  version: string | undefined;
  /** Whether the watch sent anything. */
  received: boolean;
}

/** KEP-3157: the watch sends all existing objects, then a bookmark, then changes. */
const initialEvents: Query = { sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan' };

function isRejectedWatchList(error: unknown): boolean {
  return error instanceof ApiError && (hasStatus(error, statuses.invalid) || hasStatus(error, 400));
}
