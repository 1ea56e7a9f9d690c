import { ChangeFeed } from '../../lib/change-feed.ts';
import type { RenderJob } from '../../model/job/render-job.ts';
import type { Clock } from '../../ports/clock.ts';
import type { JobChange } from '../../ports/job-store.ts';
import { isStorageFailure } from './database-error.ts';

/** A change that is not delivered yet: a job to read, or the last state of one that was removed. */
type Pending = { readonly uid: string; readonly removed?: RenderJob };

/** Wait before the next try to read a row from a database that failed, in milliseconds. */
const retryMs = 500;

/** The watchers of a store. Keeps uids, not jobs: a job is read when its change is delivered. */
export class JobWatchers {
  readonly #clock: Clock;
  readonly #read: (uid: string) => RenderJob | undefined;
  readonly #feed = new ChangeFeed<string, Pending>();

  constructor({ clock, read }: { readonly clock: Clock; readonly read: (uid: string) => RenderJob | undefined }) {
    this.#clock = clock;
    this.#read = read;
  }

  changed({ metadata: { uid } }: RenderJob): void {
    this.#feed.publish(uid, { uid });
  }

  removed(job: RenderJob): void {
    const { uid } = job.metadata;
    this.#feed.publish(uid, { uid, removed: job });
  }

  /** The state of the jobs `first`, then every change after this call. Ends when the signal is aborted. */
  watch(first: readonly string[], signal: AbortSignal): AsyncIterable<JobChange> {
    // Subscribed before the first read, so that no change in between is missed.
    const initial = first.map((uid) => [uid, { uid }] as const);
    return this.#readAll(this.#feed.subscribe(signal, { initial }), signal);
  }

  async *#readAll(pending: AsyncIterable<Pending>, signal: AbortSignal): AsyncGenerator<JobChange> {
    for await (const next of pending) {
      const change = await this.#changeOf(next, signal);
      if (change !== undefined) yield change;
    }
  }

  /** A database that fails for a while delays changes and loses none. */
  async #changeOf({ uid, removed }: Pending, signal: AbortSignal): Promise<JobChange | undefined> {
    if (removed !== undefined) return { type: 'removed', job: removed };
    while (!signal.aborted) {
      try {
        const job = this.#read(uid);
        // Removed in between: its removal is the next change of this key.
        return job === undefined ? undefined : { type: 'put', job };
      } catch (error) {
        if (!isStorageFailure(error)) throw error;
        await this.#clock.sleep(retryMs, signal).catch(() => undefined);
      }
    }
    return undefined;
  }
}
