import type { CachedStageJob } from './stage-objects.ts';

/** A Job without a pod for this long is looked into. */
const quietMs = 10_000;
/** The Job controller repeats a refusal, with growing pauses. */
const againMs = 30_000;

interface Podless {
  readonly since: number;
  askedAt: number;
  words: string | undefined;
}

/**
 * Why Jobs have no pod though they should: pods are refused by quotas, pod security and webhooks, and nothing but events
 * of the Job says so. Asked for only when a Job has been without a pod for a while.
 */
export class PodCreationFailures {
  readonly #ask: (job: CachedStageJob) => Promise<string | undefined>;
  readonly #podless = new Map<string, Podless>();

  constructor(ask: (job: CachedStageJob) => Promise<string | undefined>) {
    this.#ask = ask;
  }

  async of(job: CachedStageJob): Promise<string | undefined> {
    const now = performance.now();
    const known = this.#podless.get(job.metadata.uid) ?? { since: now, askedAt: -Infinity, words: undefined };
    this.#podless.set(job.metadata.uid, known);
    if (now - known.since < quietMs || now - known.askedAt < againMs) return known.words;
    known.askedAt = now;
    known.words = (await this.#ask(job)) ?? known.words;
    return known.words;
  }

  forget(uid: string): void {
    this.#podless.delete(uid);
  }
}
