/**
 * News for one slow or fast reader: each key waits at most once, with its latest value, in the order in which keys first
 * asked for attention. So a reader that falls behind costs memory per key, never per message.
 */
export class CoalescingQueue<K, V> {
  readonly #pending = new Map<K, V>();
  #wake: (() => void) | undefined;

  get size(): number {
    return this.#pending.size;
  }

  /** Replaces what waits under this key; a Map keeps the place of a key that is there. */
  put(key: K, value: V): void {
    this.#pending.set(key, value);
    this.#wake?.();
  }

  /** What waits under this key. */
  peek(key: K): V | undefined {
    return this.#pending.get(key);
  }

  /** All that waits, removed, oldest first. */
  takeAll(): V[] {
    const values = [...this.#pending.values()];
    this.#pending.clear();
    return values;
  }

  /** The oldest news, removed; waits for some. Undefined once the signal is aborted. */
  async take(signal: AbortSignal): Promise<V | undefined> {
    while (!signal.aborted) {
      for (const [key, value] of this.#pending) {
        this.#pending.delete(key);
        return value;
      }
      await this.#news(signal);
    }
    return undefined;
  }

  async #news(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = (): void => resolve();
    this.#wake = wake;
    signal.addEventListener('abort', wake);
    await promise;
    signal.removeEventListener('abort', wake);
    this.#wake = undefined;
  }
}
