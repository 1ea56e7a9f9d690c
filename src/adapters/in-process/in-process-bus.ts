import { CoalescingQueue } from '../../lib/coalescing-queue.ts';
import { nextProgress, type ProgressMessage } from '../../model/status/progress.ts';
import type { ProgressBus, ProgressFilter } from '../../ports/progress-bus.ts';

interface Subscriber {
  readonly filter: ProgressFilter;
  readonly queue: CoalescingQueue<string, ProgressMessage>;
}

/** Progress within one process: the last value of each job, and queues of readers that keep one message per job. */
export class InProcessBus implements ProgressBus {
  readonly #latest = new Map<string, ProgressMessage>();
  readonly #subscribers = new Set<Subscriber>();

  /** A message that is not newer than the last one of its job is dropped. */
  publish(published: ProgressMessage): void {
    const message = nextProgress(published, this.#latest.get(published.uid));
    if (message === undefined) return;
    this.#latest.set(message.uid, message);
    for (const { filter, queue } of this.#subscribers) {
      if (fits(message, filter)) queue.put(message.uid, message);
    }
  }

  /** Subscribed from the call on, not from the first read. Ends when the signal is aborted. */
  subscribe(
    filter: ProgressFilter,
    { signal, replay = false }: { readonly signal: AbortSignal; readonly replay?: boolean },
  ): AsyncIterable<ProgressMessage> {
    const subscriber: Subscriber = { filter, queue: new CoalescingQueue() };
    if (replay) {
      for (const message of this.#latest.values()) {
        if (fits(message, filter)) subscriber.queue.put(message.uid, message);
      }
    }
    if (!signal.aborted) {
      this.#subscribers.add(subscriber);
      signal.addEventListener('abort', () => this.#subscribers.delete(subscriber), { once: true });
    }
    return this.#deliver(subscriber, signal);
  }

  latest(uid: string): ProgressMessage | undefined {
    return this.#latest.get(uid);
  }

  forget(uid: string): void {
    this.#latest.delete(uid);
  }

  async *#deliver(subscriber: Subscriber, signal: AbortSignal): AsyncGenerator<ProgressMessage> {
    const { queue } = subscriber;
    try {
      for (let next = await queue.take(signal); next !== undefined; next = await queue.take(signal)) yield next;
    } finally {
      this.#subscribers.delete(subscriber);
    }
  }
}

function fits({ namespace, uid }: ProgressMessage, filter: ProgressFilter): boolean {
  return (filter.namespace ?? namespace) === namespace && (filter.uid ?? uid) === uid;
}
