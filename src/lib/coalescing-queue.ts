/**
 * A queue for one reader that keeps the latest value of each key, in the order in which the keys were first put: a reader
 * that falls behind costs memory per key, never per value.
 */
export class CoalescingQueue<K, V> {
  readonly #pending = new Map<K, V>();
  #wake: (() => void) | undefined;

  get size(): number {
    return this.#pending.size;
  }

  /** Adds a value, or replaces that of the same key, whose position a Map keeps. */
  put(key: K, value: V): void {
    this.#pending.set(key, value);
    this.#wake?.();
  }

  /** The value of a key, which stays in the queue. */
  peek(key: K): V | undefined {
    return this.#pending.get(key);
  }

  /** Removes and returns all values, oldest key first. */
  takeAll(): V[] {
    const values = [...this.#pending.values()];
    this.#pending.clear();
    return values;
  }

  /** Removes and returns the value of the oldest key; waits for one. Undefined when the signal is aborted. */
  async take(signal: AbortSignal): Promise<V | undefined> {
    while (!signal.aborted) {
      for (const [key, value] of this.#pending) {
        this.#pending.delete(key);
        return value;
      }
      await this.#nextPut(signal);
    }
    return undefined;
  }

  async #nextPut(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = (): void => resolve();
    this.#wake = wake;
    signal.addEventListener('abort', wake);
    await promise;
    signal.removeEventListener('abort', wake);
    this.#wake = undefined;
  }
}
