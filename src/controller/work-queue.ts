/**
 * Which keys go first: news about finished work frees slots, a job that was given one starts before others are written
 * about, a resync can wait.
 */
export const lanes = ['ended', 'start', 'running', 'new', 'resync'] as const;
export type Lane = (typeof lanes)[number];

export interface WorkQueueOptions {
  readonly concurrency: number;
  /** Wait after the first failure of a key, doubled with each further one. */
  readonly baseDelayMs?: number;
  readonly maxDelayMs?: number;
  readonly onError?: (key: string, error: unknown, failures: number) => void;
  readonly observer?: WorkQueueObserver;
}

/** Told what the queue does, for metrics. Times are milliseconds. */
export interface WorkQueueObserver {
  /** A key was added that was not waiting already. */
  readonly added?: () => void;
  readonly started?: (waited: number) => void;
  readonly ended?: (took: number, result: 'done' | 'failed') => void;
}

interface Timer {
  readonly at: number;
  readonly handle: NodeJS.Timeout;
}

/**
 * Keys to look at, as client-go has it: a key waits at most once, is never handled twice at a time, and is looked at
 * again when it was added meanwhile. A handler that throws is repeated with exponential backoff per key.
 */
export class WorkQueue implements AsyncDisposable {
  readonly #handle: (key: string) => Promise<void>;
  readonly #options: WorkQueueOptions & Required<Pick<WorkQueueOptions, 'baseDelayMs' | 'maxDelayMs'>>;
  /** Keys that wait, by lane, with the monotonic time since when. */
  readonly #ready: Record<Lane, Map<string, number>> = {
    ended: new Map(),
    start: new Map(),
    running: new Map(),
    new: new Map(),
    resync: new Map(),
  };
  /** Keys that are being handled, with the monotonic time since when. */
  readonly #active = new Map<string, number>();
  readonly #again = new Map<string, Lane>();
  readonly #timers = new Map<string, Timer>();
  readonly #failures = new Map<string, number>();
  readonly #idle: (() => void)[] = [];
  #closed = false;

  constructor(handle: (key: string) => Promise<void>, options: WorkQueueOptions) {
    this.#handle = handle;
    this.#options = { baseDelayMs: 20, maxDelayMs: 60_000, ...options };
  }

  /** Keys that wait for a handler. */
  get depth(): number {
    return lanes.reduce((sum, lane) => sum + this.#ready[lane].size, 0);
  }

  get active(): number {
    return this.#active.size;
  }

  /** How long the key that has waited longest has waited; 0 when none does. A key that changes lanes goes on waiting. */
  get oldestWaitMs(): number {
    const times = lanes.flatMap((lane) => [...this.#ready[lane].values()]);
    return ageOf(times);
  }

  /** How long the handler that has been at work longest has been so; 0 when none is. */
  get longestRunMs(): number {
    return ageOf(this.#active.values());
  }

  add(key: string, lane: Lane = 'new'): void {
    if (this.#closed) return;
    if (this.#active.has(key)) {
      const known = this.#again.get(key);
      if (known === undefined || lanes.indexOf(lane) < lanes.indexOf(known)) this.#again.set(key, lane);
      return;
    }
    const waiting = lanes.find((candidate) => this.#ready[candidate].has(key));
    let since = performance.now();
    if (waiting !== undefined) {
      if (lanes.indexOf(waiting) <= lanes.indexOf(lane)) return;
      since = this.#ready[waiting].get(key) ?? since;
      this.#ready[waiting].delete(key);
    } else {
      this.#options.observer?.added?.();
    }
    this.#ready[lane].set(key, since);
    queueMicrotask(() => this.#pump());
  }

  /** Adds a key later; of several such calls the earliest counts. */
  addAfter(key: string, milliseconds: number, lane: Lane = 'resync'): void {
    if (this.#closed) return;
    if (milliseconds <= 0) {
      this.add(key, lane);
      return;
    }
    const at = performance.now() + milliseconds;
    const known = this.#timers.get(key);
    if (known !== undefined) {
      if (known.at <= at) return;
      clearTimeout(known.handle);
    }
    const handle = setTimeout(
      () => {
        this.#timers.delete(key);
        this.add(key, lane);
      },
      Math.min(milliseconds, 2 ** 31 - 1),
    );
    this.#timers.set(key, { at, handle });
  }

  /** Takes no more keys and resolves when the handlers at work are done. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const { handle } of this.#timers.values()) clearTimeout(handle);
    this.#timers.clear();
    this.#again.clear();
    for (const lane of lanes) this.#ready[lane].clear();
    if (this.#active.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#idle.push(resolve);
    await promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #pump(): void {
    while (this.#active.size < this.#options.concurrency) {
      const lane = lanes.find((candidate) => this.#ready[candidate].size > 0);
      if (lane === undefined) return;
      const [next] = this.#ready[lane];
      if (next === undefined) return;
      const [key, since] = next;
      const now = performance.now();
      this.#ready[lane].delete(key);
      this.#active.set(key, now);
      this.#options.observer?.started?.(now - since);
      void this.#run(key, now);
    }
  }

  async #run(key: string, startedAt: number): Promise<void> {
    let result: 'done' | 'failed' = 'done';
    try {
      await this.#handle(key);
      this.#failures.delete(key);
    } catch (error) {
      result = 'failed';
      const failures = (this.#failures.get(key) ?? 0) + 1;
      this.#failures.set(key, failures);
      this.#options.onError?.(key, error, failures);
      this.addAfter(
        key,
        Math.min(this.#options.maxDelayMs, this.#options.baseDelayMs * 2 ** Math.min(failures - 1, 30)),
      );
    }
    this.#active.delete(key);
    this.#options.observer?.ended?.(performance.now() - startedAt, result);
    const lane = this.#again.get(key);
    this.#again.delete(key);
    if (lane !== undefined) this.add(key, lane);
    this.#pump();
    if (this.#active.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }
}

function ageOf(times: Iterable<number>): number {
  let oldest = Infinity;
  for (const time of times) oldest = Math.min(oldest, time);
  return oldest === Infinity ? 0 : performance.now() - oldest;
}
