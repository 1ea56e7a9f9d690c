import { ChangeFeed } from '../../../lib/change-feed.ts';
import type { RenderJob } from '../../../model/job/render-job.ts';
import { isTerminal } from '../../../model/status/lifecycle.ts';
import type { JobChange } from '../../../ports/job-store.ts';

/** The changes of a store's jobs by uid; each reader is given the latest state of a job, however slowly it reads. */
export class JobChanges {
  readonly #feed = new ChangeFeed<string, JobChange>();

  publish(change: JobChange): void {
    this.#feed.publish(change.job.metadata.uid, change);
  }

  /** Changes from now on, after those of `first` that are unfinished or being removed. Ends with the signal. */
  watch(first: Iterable<RenderJob>, signal: AbortSignal): AsyncIterable<JobChange> {
    return this.#feed.subscribe(signal, { initial: present(first) });
  }
}

function* present(jobs: Iterable<RenderJob>): Generator<readonly [string, JobChange]> {
  for (const job of jobs) if (isAtWork(job)) yield [job.metadata.uid, { type: 'put', job }];
}

/** Whether something has to be done about a job even when nothing changes. */
export function isAtWork({ metadata, status }: RenderJob): boolean {
  return !isTerminal(status?.phase) || metadata.deletionTimestamp !== undefined;
}
