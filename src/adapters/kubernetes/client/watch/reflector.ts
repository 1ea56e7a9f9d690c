import { setTimeout as sleep } from 'node:timers/promises';
import { isRecord } from '../../../../lib/json.ts';
import { ApiError, hasStatus, isExpired, statuses } from '../api-error.ts';
import { type ApiObject, keyOfObject } from '../api-object.ts';
import { type BackoffOptions, fullJitter } from '../backoff.ts';
import { jsonLines } from '../json-lines.ts';
import type { Query, Transport } from '../transport.ts';
import { type Change, type Index, ObjectCache } from './object-cache.ts';
import { SilenceWatchdog } from './silence-watchdog.ts';
import { readWatchEvent, type WatchEvent } from './watch-events.ts';

/** How patient a watch is; the defaults are made for a cluster. */
export interface WatchOptions {
  /** Milliseconds without a sign of life after which a watch is given up; bookmarks come about once a minute. */
  readonly silenceMs?: number;
  readonly backoff?: BackoffOptions;
  /** Shortest life that a watch asks for, in seconds; the longest is twice that. */
  readonly watchSeconds?: number;
}

export interface ReflectorOptions<T extends ApiObject> extends WatchOptions {
  /** Of the collection, for example `/apis/batch/v1/jobs`. */
  readonly path: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Makes a typed object of an answer, and leaves out what need not be kept; undefined when it is no such object. */
  readonly accept: (value: unknown) => T | undefined;
  readonly indexes?: Readonly<Record<string, Index<T>>>;
  /** Must not throw; when it does, `onError` is told and nothing else happens. */
  readonly onChange: (change: Change<T>) => void;
  readonly onError?: (error: unknown, during: 'list' | 'watch' | 'handler') => void;
  readonly random?: () => number;
  /** False lists page by page from the start, as servers without WatchList need it. */
  readonly watchList?: boolean;
}

/** Objects a page of a list. */
const pageSize = 500;

/** Some objects of the API, kept up to date by a watch that never gives up. */
export class Reflector<T extends ApiObject> {
  readonly cache: ObjectCache<T>;
  readonly #transport: Transport;
  readonly #options: ReflectorOptions<T>;
  readonly #synced = Promise.withResolvers<void>();
  #isSynced = false;
  #contactAt = performance.now();
  #watchList: boolean;
  /** How often everything was read, and how often a watch was begun: what tests and metrics look at. */
  readonly counts = { reads: 0, watches: 0 };

  constructor(transport: Transport, options: ReflectorOptions<T>) {
    this.#transport = transport;
    this.#options = options;
    this.#watchList = options.watchList ?? true;
    // Not everyone waits.
    this.#synced.promise.catch(() => undefined);
    this.cache = new ObjectCache(options.indexes ?? {}, (change) => this.#tell(change));
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

  /** Takes in the answer to a write of our own, so that a reader sees it before the watch brings it. */
  observe(object: T): void {
    this.cache.put(object);
  }

  /** Resolves when the signal aborts, and never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    await this.#run(signal);
    // Who waits for it would never end, and keep from ending who waits for them.
    this.#synced.reject(new Error(`Expected to read ${this.#options.path}, but it was stopped before`));
  }

  async #run(signal: AbortSignal): Promise<void> {
    let version: string | undefined;
    let failures = 0;
    while (!signal.aborted) {
      const progress = { version, healthy: false };
      const startedAt = performance.now();
      try {
        await this.#follow(progress, signal);
        // A server that ends each watch at once must not be asked in a tight loop.
        failures = progress.healthy || performance.now() - startedAt > 1_000 ? 0 : failures + 1;
      } catch (error) {
        if (signal.aborted) return;
        failures = progress.healthy ? 1 : failures + 1;
        if (isExpired(error)) progress.version = undefined;
        else this.#report(error, progress.version === undefined ? 'list' : 'watch');
      }
      ({ version } = progress);
      if (failures > 0) await this.#wait(failures, signal);
    }
  }

  async #wait(failures: number, signal: AbortSignal): Promise<void> {
    const wait = fullJitter(failures, this.#options.backoff ?? { baseMs: 500, maxMs: 30_000 }, this.#random());
    await sleep(wait, undefined, { signal }).catch(() => undefined);
  }

  /** Reads everything where there is no version to go on from, then follows one watch to its end. */
  async #follow(progress: Progress, signal: AbortSignal): Promise<void> {
    if (progress.version === undefined && !this.#watchList) progress.version = await this.#list(signal);
    try {
      await this.#watch(progress, signal);
    } catch (error) {
      // A server without WatchList refuses the parameter.
      if (progress.version !== undefined || !isRefusedWatchList(error)) throw error;
      this.#watchList = false;
    }
  }

  async #watch(progress: Progress, signal: AbortSignal): Promise<void> {
    this.counts.watches += 1;
    const initial = progress.version === undefined ? new Set<string>() : undefined;
    if (initial !== undefined) this.counts.reads += 1;
    using watchdog = new SilenceWatchdog(this.#options.silenceMs ?? 150_000, signal);
    const query = { ...this.#watchQuery(), ...(initial ? initialEvents : { resourceVersion: progress.version }) };
    const stream = await this.#transport.stream({ path: this.#options.path, query, signal: watchdog.signal });
    watchdog.seen();
    for await (const line of jsonLines(this.#sensed(stream, watchdog))) {
      this.#takeIn(readWatchEvent(line, this.#options.accept, this.#options.path), progress, initial);
      progress.healthy = true;
    }
    signal.throwIfAborted();
  }

  #takeIn(event: WatchEvent<T>, progress: Progress, initial: Set<string> | undefined): void {
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
      const { items, metadata } = readList(page, this.#options.path);
      for (const item of items) {
        const object = this.#options.accept(item);
        if (object === undefined) {
          this.#reportUnreadable(JSON.stringify(item).slice(0, 200));
          continue;
        }
        keys.add(keyOfObject(object));
        this.cache.put(object);
      }
      ({ version, next } = metadata);
    } while (next !== undefined);
    this.#complete(keys, version);
    return version;
  }

  #complete(keys: ReadonlySet<string>, version: string): void {
    this.cache.retain(keys, version);
    this.#isSynced = true;
    this.#synced.resolve();
  }

  async *#sensed(stream: AsyncIterable<Uint8Array>, watchdog: SilenceWatchdog): AsyncGenerator<Uint8Array> {
    for await (const chunk of stream) {
      watchdog.seen();
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
      // So that watches begun at one moment do not all end at one moment.
      timeoutSeconds: Math.ceil(seconds * (1 + this.#random())),
    };
  }

  #selectors(): Query {
    return { labelSelector: this.#options.labelSelector, fieldSelector: this.#options.fieldSelector };
  }

  #random(): number {
    return (this.#options.random ?? Math.random)();
  }

  #tell(change: Change<T>): void {
    try {
      this.#options.onChange(change);
    } catch (error) {
      this.#report(error, 'handler');
    }
  }

  /** One object that nobody can read must not keep the others from being followed. */
  #reportUnreadable(text: string): void {
    this.#report(new Error(`Expected an object of ${this.#options.path}, got ${text}`), 'handler');
  }

  #report(error: unknown, during: 'list' | 'watch' | 'handler'): void {
    this.#options.onError?.(error, during);
  }
}

interface Progress {
  /** From which a watch can go on. */
  version: string | undefined;
  /** Whether anything came. */
  healthy: boolean;
}

/** KEP-3157: the watch sends what is there, then a bookmark, then news. */
const initialEvents: Query = { sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan' };

function isRefusedWatchList(error: unknown): boolean {
  return error instanceof ApiError && (hasStatus(error, statuses.invalid) || hasStatus(error, 400));
}

function readList(
  page: unknown,
  path: string,
): { items: readonly unknown[]; metadata: { version: string; next: string | undefined } } {
  const metadata = isRecord(page) && isRecord(page['metadata']) ? page['metadata'] : {};
  const { resourceVersion: version, continue: next } = metadata;
  if (!isRecord(page) || typeof version !== 'string') throw new Error(`Expected ${path} to answer with a list`);
  const { items } = page;
  return {
    items: Array.isArray(items) ? items : [],
    metadata: { version, next: typeof next === 'string' && next !== '' ? next : undefined },
  };
}
