/** Keeps the last `limit` bytes of what is written to it: the end of a log explains why a process ended. */
export class BoundedText {
  readonly #limit: number;
  #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    // Chunks are joined only here, so that many small ones stay cheap; at most twice the limit is kept.
    if (this.#bytes > this.#limit * 2) {
      this.#chunks = [Buffer.concat(this.#chunks).subarray(-this.#limit)];
      this.#bytes = this.#limit;
    }
  }

  toString(): string {
    return Buffer.concat(this.#chunks).subarray(-this.#limit).toString('utf8');
  }
}
