import { CoalescingQueue } from '../../../lib/coalescing-queue.ts';
import type { StageIdentity } from '../../../model/job/stage.ts';
import type { JobRef } from '../../../ports/job-store.ts';

export interface StageChange {
  readonly ref: JobRef;
  readonly uid: string;
}

/** Tells which job's runs changed, each job at most once until it is read. */
export class StageChanges {
  readonly #queues = new Set<CoalescingQueue<string, StageChange>>();

  tell({ namespace, name, uid }: StageIdentity): void {
    for (const queue of this.#queues) queue.put(uid, { ref: { namespace, name }, uid });
  }

  watch(first: Iterable<StageIdentity>, signal: AbortSignal): AsyncIterable<StageChange> {
    const queue = new CoalescingQueue<string, StageChange>();
    for (const { namespace, name, uid } of first) queue.put(uid, { ref: { namespace, name }, uid });
    if (!signal.aborted) {
      this.#queues.add(queue);
      signal.addEventListener('abort', () => this.#queues.delete(queue), { once: true });
    }
    return this.#deliver(queue, signal);
  }

  async *#deliver(queue: CoalescingQueue<string, StageChange>, signal: AbortSignal): AsyncGenerator<StageChange> {
    try {
      for (let news = await queue.take(signal); news !== undefined; news = await queue.take(signal)) yield news;
    } finally {
      this.#queues.delete(queue);
    }
  }
}
