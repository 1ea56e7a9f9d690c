import type { CachedStageJob } from './stage-objects.ts';

/** Events are read for a Job that has been without a pod for this long. */
const podlessMs = 10_000;
/** Shortest time between two reads of the events of a Job: its controller retries with growing waits. */
const readEveryMs = 30_000;

interface Podless {
  readonly since: number;
  readAt: number;
  message: string | undefined;
}

/**
 * Why Jobs have no pod: quotas, pod security and webhooks reject pods, which only events of the Job report. They are read
 * only for a Job that has been without a pod for some time.
 */
export class PodCreationFailures {
  readonly #read: (job: CachedStageJob) => Promise<string | undefined>;
  readonly #podless = new Map<string, Podless>();

  /** @param read the message of the last failure in the events of a Job */
  constructor(read: (job: CachedStageJob) => Promise<string | undefined>) {
    this.#read = read;
  }

  /** The message of the last failure; undefined when there is none, or it is too early to read it. */
  async of(job: CachedStageJob): Promise<string | undefined> {
    const now = performance.now();
    const known = this.#podless.get(job.metadata.uid) ?? { since: now, readAt: -Infinity, message: undefined };
    this.#podless.set(job.metadata.uid, known);
    if (now - known.since < podlessMs || now - known.readAt < readEveryMs) return known.message;
    known.readAt = now;
    known.message = (await this.#read(job)) ?? known.message;
    return known.message;
  }

  forget(uid: string): void {
    this.#podless.delete(uid);
  }
}
