import { setTimeout as wait } from 'node:timers/promises';

/** Longest wait of one timer: Node fires longer ones immediately. */
const longestTimerMs = 2 ** 31 - 1;

/** The clock of this machine; it has the form of the port `Clock`. */
export const systemClock = {
  now: (): number => Date.now(),
  monotonic: (): number => performance.now(),
  /** Rejects with the reason of the signal when it is aborted, immediately when it already is. */
  async sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    const end = performance.now() + milliseconds;
    signal?.throwIfAborted();
    for (let left = milliseconds; left > 0; left = end - performance.now()) {
      // The timer's rejection wraps the reason of the signal; this function rejects with the reason itself.
      await wait(Math.min(left, longestTimerMs), undefined, { signal }).catch(() => undefined);
      signal?.throwIfAborted();
    }
  },
};
