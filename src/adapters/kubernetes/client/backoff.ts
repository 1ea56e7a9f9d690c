export interface BackoffOptions {
  /** Upper limit of the first wait, in milliseconds; doubled with each further one. */
  readonly baseMs: number;
  readonly maxMs: number;
}

/**
 * Milliseconds to wait after the n-th failure in a row (from 1), with full jitter: between 0 and the exponential limit, so
 * that clients that failed together do not retry together.
 *
 * @param random between 0 and 1, as from Math.random
 */
export function fullJitter(failures: number, { baseMs, maxMs }: BackoffOptions, random: number): number {
  const limit = Math.min(maxMs, baseMs * 2 ** Math.min(failures - 1, 30));
  return Math.round(limit * random);
}
