import { ChangeFeed } from '../../../lib/change-feed.ts';
import type { RenderJob } from '../../../model/job/render-job.ts';
import { isTerminal } from '../../../model/status/lifecycle.ts';
import type { JobChange } from '../../../ports/job-store.ts';

/** The changes of a store's jobs by uid; each reader gets the latest state of a job, however slowly it reads. */
export class JobChanges {
  readonly #feed = new ChangeFeed<string, JobChange>();

  publish(change: JobChange): void {
    this.#feed.publish(change.job.metadata.uid, change);
  }

  /** The active jobs of `existing`, then every change from now on. Ends with the signal. */
  watch(existing: Iterable<RenderJob>, signal: AbortSignal): AsyncIterable<JobChange> {
    return this.#feed.subscribe(signal, { initial: activeOf(existing) });
  }
}

function* activeOf(jobs: Iterable<RenderJob>): Generator<readonly [string, JobChange]> {
  for (const job of jobs) if (isActive(job)) yield [job.metadata.uid, { type: 'put', job }];
}

/** Whether a job is unfinished or being removed: the controller has to act on it even when it does not change. */
export function isActive({ metadata, status }: RenderJob): boolean {
  return !isTerminal(status?.phase) || metadata.deletionTimestamp !== undefined;
}
