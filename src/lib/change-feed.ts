import { CoalescingQueue } from './coalescing-queue.ts';

interface Reader<K, V> {
  readonly queue: CoalescingQueue<K, V>;
  readonly accepts: (value: V) => boolean;
}

/**
 * Values by key for any number of readers. Each reader gets the latest value of every key at least once, in the order in
 * which keys first changed; one that falls behind skips to the latest and costs memory per key, never per change.
 */
export class ChangeFeed<K, V> {
  readonly #readers = new Set<Reader<K, V>>();

  publish(key: K, value: V): void {
    for (const { queue, accepts } of this.#readers) if (accepts(value)) queue.put(key, value);
  }

  /**
   * Values from this call on (not from the first read), after those of `initial`. Ends when the signal is aborted.
   *
   * @param options.accepts which values this reader gets; all when absent
   */
  subscribe(
    signal: AbortSignal,
    options: { readonly initial?: Iterable<readonly [K, V]>; readonly accepts?: (value: V) => boolean } = {},
  ): AsyncIterable<V> {
    const { initial = [], accepts = () => true } = options;
    const reader: Reader<K, V> = { queue: new CoalescingQueue(), accepts };
    for (const [key, value] of initial) if (accepts(value)) reader.queue.put(key, value);
    if (!signal.aborted) {
      this.#readers.add(reader);
      signal.addEventListener('abort', () => this.#readers.delete(reader), { once: true });
    }
    return this.#deliver(reader, signal);
  }

  async *#deliver(reader: Reader<K, V>, signal: AbortSignal): AsyncGenerator<V> {
    const { queue } = reader;
    try {
      for (let next = await queue.take(signal); next !== undefined; next = await queue.take(signal)) yield next;
    } finally {
      this.#readers.delete(reader);
    }
  }
}
