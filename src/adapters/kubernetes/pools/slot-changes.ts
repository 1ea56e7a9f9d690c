import { ChangeFeed } from '../../../lib/change-feed.ts';
import type { PoolSlots } from '../../../ports/stage-runner.ts';

/** Says when slots change: heartbeats change a node every few minutes, and its slots hardly ever. */
export class SlotChanges {
  readonly #feed = new ChangeFeed<'slots', true>();
  #known = '';

  /** @param slots as they are now; readers are notified only when they differ from the last ones */
  update(slots: readonly PoolSlots[]): void {
    const text = JSON.stringify(slots);
    if (text === this.#known) return;
    this.#known = text;
    this.#feed.publish('slots', true);
  }

  async *watch(signal: AbortSignal): AsyncGenerator<void> {
    for await (const _change of this.#feed.subscribe(signal)) yield;
  }
}
