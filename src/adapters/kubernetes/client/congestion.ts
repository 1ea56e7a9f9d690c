/** How a call ended, with regard to the load of the API server. */
export type Outcome = 'answered' | 'overloaded' | 'failed';

export interface CongestionOptions {
  /** Parallel calls at first. */
  readonly initial: number;
  /** Parallel calls at most. */
  readonly max: number;
}

/**
 * Limits the number of parallel calls: one more with each round of answers, half as many when the server is overloaded
 * (additive increase, multiplicative decrease). A fixed rate is either too slow for an idle server or too fast for a busy
 * one.
 */
export class Congestion {
  readonly #max: number;
  #limit: number;
  #active = 0;
  /** Answers to calls from before the last decrease are not evidence of the present load. */
  #epoch = 0;
  readonly #waiting = new Set<() => void>();

  constructor({ initial, max }: CongestionOptions) {
    this.#max = max;
    this.#limit = Math.min(initial, max);
  }

  get limit(): number {
    return Math.floor(this.#limit);
  }

  get active(): number {
    return this.#active;
  }

  /**
   * Waits until a call may start, in the order of arrival.
   *
   * @returns to be called when the call has ended
   */
  async enter(signal: AbortSignal): Promise<(outcome: Outcome) => void> {
    signal.throwIfAborted();
    if (this.#active >= this.limit || this.#waiting.size > 0) await this.#wait(signal);
    else this.#active += 1;
    const epoch = this.#epoch;
    let left = false;
    return (outcome) => {
      if (left) return;
      left = true;
      this.#leave(outcome, epoch);
    };
  }

  async #wait(signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const admit = (): void => {
      this.#active += 1;
      resolve();
    };
    const abort = (): void => {
      this.#waiting.delete(admit);
      reject(signal.reason instanceof Error ? signal.reason : new Error('aborted while waiting to call'));
    };
    this.#waiting.add(admit);
    signal.addEventListener('abort', abort, { once: true });
    try {
      await promise;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  #leave(outcome: Outcome, epoch: number): void {
    // Only a full window shows that the server can take that many.
    const full = this.#active >= this.limit;
    this.#active -= 1;
    if (outcome === 'answered' && full) this.#limit = Math.min(this.#max, this.#limit + 1 / this.#limit);
    if (outcome === 'overloaded' && epoch === this.#epoch) {
      this.#limit = Math.max(1, this.#limit / 2);
      this.#epoch += 1;
    }
    for (const admit of this.#waiting) {
      if (this.#active >= this.limit) break;
      this.#waiting.delete(admit);
      admit();
    }
  }
}
