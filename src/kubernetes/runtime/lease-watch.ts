import type { LeaseRecord } from './lease-record.ts';

/**
 * Judges whether a lease has expired, by when it was last seen to change and nothing else: the clocks of two machines
 * differ, and wall clocks are set back.
 */
export class LeaseWatch {
  #seen: { readonly holder: string; readonly renewTime: string; readonly transitions: number } | undefined;
  #changedAt = 0;

  /** @param now monotonic milliseconds */
  observe({ holder, renewTime, transitions }: LeaseRecord, now: number): void {
    const seen = this.#seen;
    if (seen?.holder === holder && seen.renewTime === renewTime && seen.transitions === transitions) return;
    this.#seen = { holder, renewTime, transitions };
    this.#changedAt = now;
  }

  /** Whether the lease that was last observed may be taken by another. */
  isFree({ holder, durationMs }: LeaseRecord, now: number): boolean {
    return holder === '' || now - this.#changedAt > durationMs;
  }
}
