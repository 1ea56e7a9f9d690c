import { CoalescingQueue } from '../../../lib/coalescing-queue.ts';
import type { PoolSlots } from '../../../ports/stage-runner.ts';

/** Tells that slots changed: heartbeats change a node every few minutes, and its slots hardly ever. */
export class SlotChanges {
  readonly #queues = new Set<CoalescingQueue<'slots', true>>();
  #known = '';

  /** @param slots as they are now; told only when they are others than last time */
  look(slots: readonly PoolSlots[]): void {
    const text = JSON.stringify(slots);
    if (text === this.#known) return;
    this.#known = text;
    for (const queue of this.#queues) queue.put('slots', true);
  }

  async *watch(signal: AbortSignal): AsyncGenerator<void> {
    const queue = new CoalescingQueue<'slots', true>();
    this.#queues.add(queue);
    try {
      while ((await queue.take(signal)) !== undefined) yield;
    } finally {
      this.#queues.delete(queue);
    }
  }
}
