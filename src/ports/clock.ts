export interface Clock {
  /** Wall time in Unix milliseconds, for people. */
  now(): number;
  /** Milliseconds that never go back, for deadlines. */
  monotonic(): number;
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}
