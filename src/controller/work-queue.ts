import type { Clock } from '../ports/clock.ts';

/**
 * Which keys are handled first: ended work frees slots, an admitted job starts before waiting ones are updated, a resync
 * can wait.
 */
export const priorityClasses = ['ended', 'start', 'running', 'new', 'resync'] as const;
export type PriorityClass = (typeof priorityClasses)[number];

export interface WorkQueueOptions {
  readonly clock: Pick<Clock, 'monotonic' | 'sleep'>;
  readonly concurrency: number;
  /** Wait after the first failure of a key, doubled with each further one. */
  readonly baseDelayMs?: number;
  readonly maxDelayMs?: number;
  readonly onError?: (key: string, error: unknown, failures: number) => void;
  readonly observer?: WorkQueueObserver;
}

/** Callbacks for metrics. Times are milliseconds. */
export interface WorkQueueObserver {
  /** A key was added that was not waiting already. */
  readonly added?: () => void;
  readonly started?: (waited: number) => void;
  readonly ended?: (took: number, result: 'done' | 'failed') => void;
}

interface Timer {
  /** Monotonic time. */
  readonly dueAt: number;
  readonly abort: AbortController;
}

/**
 * Keys to be handled, with the guarantees of client-go's work queue: a key waits at most once, is never handled twice at a
 * time, and is handled again when it was added meanwhile. After an error the key is retried with exponential backoff.
 */
export class WorkQueue implements AsyncDisposable {
  readonly #handle: (key: string) => Promise<void>;
  readonly #options: WorkQueueOptions & Required<Pick<WorkQueueOptions, 'baseDelayMs' | 'maxDelayMs'>>;
  /** Waiting keys by priority class, each with the monotonic time since when it waits. */
  readonly #waiting: Record<PriorityClass, Map<string, number>> = {
    ended: new Map(),
    start: new Map(),
    running: new Map(),
    new: new Map(),
    resync: new Map(),
  };
  /** Keys that are being handled, each with the monotonic time of its start. */
  readonly #active = new Map<string, number>();
  /** Keys that were added while they were being handled. */
  readonly #again = new Map<string, PriorityClass>();
  readonly #timers = new Map<string, Timer>();
  readonly #failures = new Map<string, number>();
  readonly #whenIdle: (() => void)[] = [];
  #closed = false;

  constructor(handle: (key: string) => Promise<void>, options: WorkQueueOptions) {
    this.#handle = handle;
    this.#options = { baseDelayMs: 20, maxDelayMs: 60_000, ...options };
  }

  /** Number of keys that wait for a handler. */
  get depth(): number {
    return priorityClasses.reduce((sum, priority) => sum + this.#waiting[priority].size, 0);
  }

  get active(): number {
    return this.#active.size;
  }

  /** How long the oldest waiting key has waited; 0 when none waits. A change of its priority class does not restart it. */
  get oldestWaitMs(): number {
    return this.#longestSince(priorityClasses.flatMap((priority) => [...this.#waiting[priority].values()]));
  }

  /** How long the longest running handler has run; 0 when none runs. */
  get longestRunMs(): number {
    return this.#longestSince(this.#active.values());
  }

  add(key: string, priority: PriorityClass = 'new'): void {
    if (this.#closed) return;
    if (this.#active.has(key)) {
      const known = this.#again.get(key);
      if (known === undefined || isHigher(priority, known)) this.#again.set(key, priority);
      return;
    }
    const current = priorityClasses.find((candidate) => this.#waiting[candidate].has(key));
    let since = this.#options.clock.monotonic();
    if (current === undefined) {
      this.#options.observer?.added?.();
    } else {
      if (!isHigher(priority, current)) return;
      since = this.#waiting[current].get(key) ?? since;
      this.#waiting[current].delete(key);
    }
    this.#waiting[priority].set(key, since);
    queueMicrotask(() => this.#startHandlers());
  }

  /** Adds a key later; of several such calls the earliest time counts. */
  addAfter(key: string, milliseconds: number, priority: PriorityClass = 'resync'): void {
    if (this.#closed) return;
    if (milliseconds <= 0) {
      this.add(key, priority);
      return;
    }
    const { clock } = this.#options;
    const dueAt = clock.monotonic() + milliseconds;
    const known = this.#timers.get(key);
    if (known !== undefined && known.dueAt <= dueAt) return;
    known?.abort.abort();
    const timer = { dueAt, abort: new AbortController() };
    this.#timers.set(key, timer);
    clock.sleep(milliseconds, timer.abort.signal).then(
      () => {
        if (this.#timers.get(key) !== timer) return;
        this.#timers.delete(key);
        this.add(key, priority);
      },
      // Replaced by an earlier timer, or the queue was closed.
      () => undefined,
    );
  }

  /** Accepts no more keys and resolves when the running handlers have ended. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const { abort } of this.#timers.values()) abort.abort();
    this.#timers.clear();
    this.#again.clear();
    for (const priority of priorityClasses) this.#waiting[priority].clear();
    if (this.#active.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#whenIdle.push(resolve);
    await promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #startHandlers(): void {
    while (this.#active.size < this.#options.concurrency) {
      const priority = priorityClasses.find((candidate) => this.#waiting[candidate].size > 0);
      if (priority === undefined) return;
      const [next] = this.#waiting[priority];
      if (next === undefined) return;
      const [key, since] = next;
      const now = this.#options.clock.monotonic();
      this.#waiting[priority].delete(key);
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
      this.#retry(key, error);
    }
    this.#active.delete(key);
    this.#options.observer?.ended?.(this.#options.clock.monotonic() - startedAt, result);
    const priority = this.#again.get(key);
    this.#again.delete(key);
    if (priority !== undefined) this.add(key, priority);
    this.#startHandlers();
    if (this.#active.size === 0) for (const resolve of this.#whenIdle.splice(0)) resolve();
  }

  #retry(key: string, error: unknown): void {
    const { baseDelayMs, maxDelayMs, onError } = this.#options;
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    onError?.(key, error, failures);
    this.addAfter(key, Math.min(maxDelayMs, baseDelayMs * 2 ** Math.min(failures - 1, 30)));
  }

  #longestSince(times: Iterable<number>): number {
    let oldest = Infinity;
    for (const time of times) oldest = Math.min(oldest, time);
    return oldest === Infinity ? 0 : this.#options.clock.monotonic() - oldest;
  }
}

function isHigher(a: PriorityClass, b: PriorityClass): boolean {
  return priorityClasses.indexOf(a) < priorityClasses.indexOf(b);
}
