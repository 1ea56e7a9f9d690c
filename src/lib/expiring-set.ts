/** Keys that were used recently: at most `maxSize` of them, and none that was last used longer than `maxAgeMs` ago. */
export class ExpiringSet {
  /** The least recently used key first. */
  readonly #usedAt = new Map<string, number>();
  readonly #maxSize: number;
  readonly #maxAgeMs: number;

  constructor({ maxSize, maxAgeMs }: { readonly maxSize: number; readonly maxAgeMs: number }) {
    this.#maxSize = maxSize;
    this.#maxAgeMs = maxAgeMs;
  }

  has(key: string): boolean {
    return this.#usedAt.has(key);
  }

  delete(key: string): void {
    this.#usedAt.delete(key);
  }

  /** Adds `key`, or marks it as used, at `now` (monotonic milliseconds). Returns the keys that it removed by the limits. */
  touch(key: string, now: number): string[] {
    this.#usedAt.delete(key);
    this.#usedAt.set(key, now);
    const removed: string[] = [];
    for (const [oldest, at] of this.#usedAt) {
      if (this.#usedAt.size <= this.#maxSize && now - at <= this.#maxAgeMs) break;
      this.#usedAt.delete(oldest);
      removed.push(oldest);
    }
    return removed;
  }
}
