import { CoalescingQueue } from '../../lib/coalescing-queue.ts';
import type { RenderJob } from '../../model/job/render-job.ts';
import type { Clock } from '../../ports/clock.ts';
import type { JobChange } from '../../ports/job-store.ts';
import { isStorageFailure } from './database-error.ts';

/** What a watcher has yet to be told of one job: to read it, or that it is gone and what it was. */
type News = { readonly uid: string; readonly gone?: RenderJob };

/** Wait before a row is read again from a database that failed, in milliseconds. */
const readAgainMs = 500;

/** The readers of a store's changes. Keeps uids, not jobs: a job is read when its turn to be delivered comes. */
export class JobWatchers {
  readonly #clock: Clock;
  readonly #read: (uid: string) => RenderJob | undefined;
  readonly #queues = new Set<CoalescingQueue<string, News>>();

  constructor({ clock, read }: { readonly clock: Clock; readonly read: (uid: string) => RenderJob | undefined }) {
    this.#clock = clock;
    this.#read = read;
  }

  changed({ metadata: { uid } }: RenderJob): void {
    for (const queue of this.#queues) queue.put(uid, { uid });
  }

  removed(job: RenderJob): void {
    const { uid } = job.metadata;
    for (const queue of this.#queues) queue.put(uid, { uid, gone: job });
  }

  /** Changes from now on, after the present state of the jobs `first`. Ends when the signal is aborted. */
  watch(first: readonly string[], signal: AbortSignal): AsyncIterable<JobChange> {
    // Registered before the first read, so that nothing that happens in between is missed.
    const queue = new CoalescingQueue<string, News>();
    for (const uid of first) queue.put(uid, { uid });
    if (!signal.aborted) {
      this.#queues.add(queue);
      signal.addEventListener('abort', () => this.#queues.delete(queue), { once: true });
    }
    return this.#deliver(queue, signal);
  }

  async *#deliver(queue: CoalescingQueue<string, News>, signal: AbortSignal): AsyncGenerator<JobChange> {
    try {
      for (let news = await queue.take(signal); news !== undefined; news = await queue.take(signal)) {
        const change = await this.#changeOf(news, signal);
        if (change !== undefined) yield change;
      }
    } finally {
      this.#queues.delete(queue);
    }
  }

  /** A database that fails for a while delays news and loses none. */
  async #changeOf({ uid, gone }: News, signal: AbortSignal): Promise<JobChange | undefined> {
    if (gone !== undefined) return { type: 'removed', job: gone };
    while (!signal.aborted) {
      try {
        const job = this.#read(uid);
        // Gone in between: its removal is the next news of this key.
        return job === undefined ? undefined : { type: 'put', job };
      } catch (error) {
        if (!isStorageFailure(error)) throw error;
        await this.#clock.sleep(readAgainMs, signal).catch(() => undefined);
      }
    }
    return undefined;
  }
}
