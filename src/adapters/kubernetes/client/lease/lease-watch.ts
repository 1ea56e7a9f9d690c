import type { LeaseRecord } from './lease-record.ts';

/**
 * Whether a lease has expired, which depends only on when it was last observed to change: the clocks of two machines differ, and
 * wall clocks may be set to an earlier time.
 */
export class LeaseWatch {
  #last: Pick<LeaseRecord, 'holder' | 'renewTime' | 'transitions' | 'durationMs'> | undefined;
  #changedAt = 0;

  /** @param now monotonic milliseconds */
  observe({ holder, renewTime, transitions, durationMs }: LeaseRecord, now: number): void {
    const last = this.#last;
    if (last?.holder === holder && last.renewTime === renewTime && last.transitions === transitions) return;
    this.#last = { holder, renewTime, transitions, durationMs };
    this.#changedAt = now;
  }

  /** Milliseconds until the lease that was last observed may be taken if nothing changes; 0 when nothing was observed. */
  freeIn(now: number): number {
    if (this.#last === undefined || this.#last.holder === '') return 0;
    return Math.max(0, this.#changedAt + this.#last.durationMs - now);
  }

  /** Whether the lease that was last observed may be taken by another. */
  isFree({ holder, durationMs }: LeaseRecord, now: number): boolean {
    return holder === '' || now - this.#changedAt > durationMs;
  }
}
