import { setTimeout as wait } from 'node:timers/promises';

/** Longest wait of one timer: Node fires longer ones at once. */
const longestTimerMs = 2 ** 31 - 1;

/** The clock of this machine: a `Clock` of the ports. */
export const systemClock = {
  now: (): number => Date.now(),
  monotonic: (): number => performance.now(),
  /** Rejects with the reason of the signal when it is aborted, at once when it already is. */
  async sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    const end = performance.now() + milliseconds;
    signal?.throwIfAborted();
    for (let left = milliseconds; left > 0; left = end - performance.now()) {
      // Its own rejection wraps the reason; ours passes it on as it is.
      await wait(Math.min(left, longestTimerMs), undefined, { signal }).catch(() => undefined);
      signal?.throwIfAborted();
    }
  },
};
