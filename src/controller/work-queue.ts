/** Which keys go first: news about finished work frees slots, a resync can wait. */
export const lanes = ['ended', 'running', 'new', 'resync'] as const;
export type Lane = (typeof lanes)[number];

export interface WorkQueueOptions {
  readonly concurrency: number;
  /** Wait after the first failure of a key, doubled with each further one. */
  readonly baseDelayMs?: number;
  readonly maxDelayMs?: number;
  readonly onError?: (key: string, error: unknown, failures: number) => void;
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
  readonly #options: Required<Omit<WorkQueueOptions, 'onError'>> & Pick<WorkQueueOptions, 'onError'>;
  readonly #ready: Record<Lane, Set<string>> = {
    ended: new Set(),
    running: new Set(),
    new: new Set(),
    resync: new Set(),
  };
  readonly #active = new Set<string>();
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

  add(key: string, lane: Lane = 'new'): void {
    if (this.#closed) return;
    if (this.#active.has(key)) {
      const known = this.#again.get(key);
      if (known === undefined || lanes.indexOf(lane) < lanes.indexOf(known)) this.#again.set(key, lane);
      return;
    }
    const waiting = lanes.find((candidate) => this.#ready[candidate].has(key));
    if (waiting !== undefined) {
      if (lanes.indexOf(waiting) <= lanes.indexOf(lane)) return;
      this.#ready[waiting].delete(key);
    }
    this.#ready[lane].add(key);
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
      const [key] = this.#ready[lane];
      if (key === undefined) return;
      this.#ready[lane].delete(key);
      this.#active.add(key);
      void this.#run(key);
    }
  }

  async #run(key: string): Promise<void> {
    try {
      await this.#handle(key);
      this.#failures.delete(key);
    } catch (error) {
      const failures = (this.#failures.get(key) ?? 0) + 1;
      this.#failures.set(key, failures);
      this.#options.onError?.(key, error, failures);
      this.addAfter(
        key,
        Math.min(this.#options.maxDelayMs, this.#options.baseDelayMs * 2 ** Math.min(failures - 1, 30)),
      );
    }
    this.#active.delete(key);
    const lane = this.#again.get(key);
    this.#again.delete(key);
    if (lane !== undefined) this.add(key, lane);
    this.#pump();
    if (this.#active.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }
}
