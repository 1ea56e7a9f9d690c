import { CoalescingQueue } from '../../../lib/coalescing-queue.ts';
import type { RenderJob } from '../../../model/job/render-job.ts';
import { isTerminal } from '../../../model/status/lifecycle.ts';
import type { JobChange } from '../../../ports/job-store.ts';

/** The readers of a store's changes; each is given the latest state of a job, however slowly it reads. */
export class JobChanges {
  readonly #queues = new Set<CoalescingQueue<string, JobChange>>();

  tell(change: JobChange): void {
    for (const queue of this.#queues) queue.put(change.job.metadata.uid, change);
  }

  /** Changes from now on, after those of `first` that are unfinished or being removed. Ends with the signal. */
  watch(first: Iterable<RenderJob>, signal: AbortSignal): AsyncIterable<JobChange> {
    const queue = new CoalescingQueue<string, JobChange>();
    for (const job of first) if (isAtWork(job)) queue.put(job.metadata.uid, { type: 'put', job });
    if (!signal.aborted) {
      this.#queues.add(queue);
      signal.addEventListener('abort', () => this.#queues.delete(queue), { once: true });
    }
    return this.#deliver(queue, signal);
  }

  async *#deliver(queue: CoalescingQueue<string, JobChange>, signal: AbortSignal): AsyncGenerator<JobChange> {
    try {
      for (let change = await queue.take(signal); change !== undefined; change = await queue.take(signal)) yield change;
    } finally {
      this.#queues.delete(queue);
    }
  }
}

/** Whether something has to be done about a job even when nothing changes. */
export function isAtWork({ metadata, status }: RenderJob): boolean {
  return !isTerminal(status?.phase) || metadata.deletionTimestamp !== undefined;
}
