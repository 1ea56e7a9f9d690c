import { ChangeFeed } from '../../lib/change-feed.ts';
import { nextProgress, type ProgressMessage } from '../../model/status/progress.ts';
import type { ProgressBus, ProgressFilter } from '../../ports/progress-bus.ts';

/** A progress bus within one process: the latest message of each job, and a feed of them. */
export class InProcessBus implements ProgressBus {
  readonly #latest = new Map<string, ProgressMessage>();
  readonly #feed = new ChangeFeed<string, ProgressMessage>();

  /** A message that is not newer than the last one of its job is dropped. */
  publish(published: ProgressMessage): void {
    const message = nextProgress(published, this.#latest.get(published.uid));
    if (message === undefined) return;
    this.#latest.set(message.uid, message);
    this.#feed.publish(message.uid, message);
  }

  /** Subscribed from the call on, not from the first read. Ends when the signal is aborted. */
  subscribe(
    filter: ProgressFilter,
    { signal, replay = false }: { readonly signal: AbortSignal; readonly replay?: boolean },
  ): AsyncIterable<ProgressMessage> {
    return this.#feed.subscribe(signal, {
      initial: replay ? this.#latest : [],
      accepts: (message) => fits(message, filter),
    });
  }

  latest(uid: string): ProgressMessage | undefined {
    return this.#latest.get(uid);
  }

  forget(uid: string): void {
    this.#latest.delete(uid);
  }
}

function fits({ namespace, uid }: ProgressMessage, filter: ProgressFilter): boolean {
  return (filter.namespace ?? namespace) === namespace && (filter.uid ?? uid) === uid;
}
