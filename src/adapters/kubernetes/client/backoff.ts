export interface BackoffOptions {
  /** Milliseconds: the most that the first wait can be; doubled with each further one. */
  readonly baseMs: number;
  readonly maxMs: number;
}

/**
 * How long to wait after the n-th failure in a row (from 1), with full jitter: anything between nothing and the
 * exponential limit, so that clients who failed at one moment do not come back at one moment.
 *
 * @param random between 0 and 1, as Math.random gives it
 */
export function fullJitter(failures: number, { baseMs, maxMs }: BackoffOptions, random: number): number {
  const limit = Math.min(maxMs, baseMs * 2 ** Math.min(failures - 1, 30));
  return Math.round(limit * random);
}
