export interface Clock {
  /** Wall time in Unix milliseconds; may jump. */
  now(): number;
  /** Milliseconds that never decrease, for deadlines. */
  monotonic(): number;
  /** Rejects with the reason of the signal when it is aborted. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}
