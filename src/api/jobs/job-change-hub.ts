import type { RenderJob } from '../../model/job/render-job.ts';
import type { Clock } from '../../ports/clock.ts';
import { type JobRef, type JobStore, keyOf } from '../../ports/job-store.ts';

interface JobUpdate {
  /** The latest state; of a removed job the last one known. */
  readonly job: RenderJob;
  readonly removed: boolean;
}

type Listener = (update: JobUpdate) => void;

/** Wait before a broken watch is opened again. */
const reopenMs = 1000;

/**
 * One watch on the store for all waiting requests: each gets the updates of its job only. It opens with the first listener
 * and stays open until the server closes.
 */
export class JobChangeHub implements AsyncDisposable {
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #closing = new AbortController();
  readonly #store: Pick<JobStore, 'watch'>;
  readonly #clock: Pick<Clock, 'sleep'>;
  #reading: Promise<void> | undefined;

  constructor(store: Pick<JobStore, 'watch'>, clock: Pick<Clock, 'sleep'>) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Calls `listener` on each change of a job until the returned function is called. */
  listen(ref: JobRef, listener: Listener): () => void {
    const key = keyOf(ref);
    const known = this.#listeners.get(key) ?? new Set();
    known.add(listener);
    this.#listeners.set(key, known);
    this.#reading ??= this.#read(this.#closing.signal);
    return () => {
      known.delete(listener);
      if (known.size === 0 && this.#listeners.get(key) === known) this.#listeners.delete(key);
    };
  }

  /** Aborted when the server closes: every waiting request must end then. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  async #read(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        for await (const { type, job } of this.#store.watch(signal)) {
          for (const listener of this.#listeners.get(keyOf(job.metadata)) ?? [])
            listener({ job, removed: type === 'removed' });
        }
      } catch {
        // The store is unavailable for a moment. Every waiting request also reads its job from time to time.
      }
      await this.#clock.sleep(reopenMs, signal).catch(() => undefined);
    }
  }

  close(): void {
    this.#closing.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    await this.#reading;
  }
}
