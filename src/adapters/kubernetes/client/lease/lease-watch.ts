import type { LeaseRecord } from './lease-record.ts';

/**
 * Judges whether a lease has expired, by when it was last seen to change and nothing else: the clocks of two machines
 * differ, and wall clocks are set back.
 */
export class LeaseWatch {
  #seen: Pick<LeaseRecord, 'holder' | 'renewTime' | 'transitions' | 'durationMs'> | undefined;
  #changedAt = 0;

  /** @param now monotonic milliseconds */
  observe({ holder, renewTime, transitions, durationMs }: LeaseRecord, now: number): void {
    const seen = this.#seen;
    if (seen?.holder === holder && seen.renewTime === renewTime && seen.transitions === transitions) return;
    this.#seen = { holder, renewTime, transitions, durationMs };
    this.#changedAt = now;
  }

  /** Milliseconds until the lease that was last observed may be taken if nothing changes; 0 when nothing was observed. */
  freeIn(now: number): number {
    if (this.#seen === undefined || this.#seen.holder === '') return 0;
    return Math.max(0, this.#changedAt + this.#seen.durationMs - now);
  }

  /** Whether the lease that was last observed may be taken by another. */
  isFree({ holder, durationMs }: LeaseRecord, now: number): boolean {
    return holder === '' || now - this.#changedAt > durationMs;
  }
}
