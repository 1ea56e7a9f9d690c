/** Keys that were seen of late: neither more than `most` of them nor longer than `maxAgeMs`. */
export class ExpiringSet {
  readonly #seenAt = new Map<string, number>();
  readonly #most: number;
  readonly #maxAgeMs: number;

  constructor({ most, maxAgeMs }: { readonly most: number; readonly maxAgeMs: number }) {
    this.#most = most;
    this.#maxAgeMs = maxAgeMs;
  }

  has(key: string): boolean {
    return this.#seenAt.has(key);
  }

  delete(key: string): void {
    this.#seenAt.delete(key);
  }

  /**
   * Notes that `key` was seen at `now` (monotonic milliseconds). Gives back the keys that have to go for it: the oldest.
   */
  touch(key: string, now: number): string[] {
    this.#seenAt.delete(key);
    this.#seenAt.set(key, now);
    const gone: string[] = [];
    for (const [oldest, at] of this.#seenAt) {
      if (this.#seenAt.size <= this.#most && now - at <= this.#maxAgeMs) break;
      this.#seenAt.delete(oldest);
      gone.push(oldest);
    }
    return gone;
  }
}
