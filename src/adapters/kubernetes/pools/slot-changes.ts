import { ChangeFeed } from '../../../lib/change-feed.ts';
import type { PoolSlots } from '../../../ports/stage-runner.ts';

/** Notifies of changed slots: heartbeats change a node every few minutes, but hardly ever its slots. */
export class SlotChanges {
  readonly #feed = new ChangeFeed<'slots', true>();
  #last = '';

  /** @param slots the present ones; readers are notified only when they differ from the last ones */
  update(slots: readonly PoolSlots[]): void {
    const text = JSON.stringify(slots);
    if (text === this.#last) return;
    this.#last = text;
    this.#feed.publish('slots', true);
  }

  async *watch(signal: AbortSignal): AsyncGenerator<void> {
    for await (const _change of this.#feed.subscribe(signal)) yield;
  }
}
