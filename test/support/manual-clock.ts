import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../src/ports/clock.ts';

interface Sleeper {
  readonly dueAt: number;
  readonly wake: () => void;
}

/** A clock whose time passes only in `advance`. */
export class ManualClock implements Clock {
  #now: number;
  #sleepers: Sleeper[] = [];

  /** @param now Unix milliseconds */
  constructor(now = 0) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  async sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (milliseconds <= 0) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const sleeper = { dueAt: this.#now + milliseconds, wake: resolve };
    this.#sleepers.push(sleeper);
    signal?.addEventListener('abort', () => {
      this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
      reject(signal.reason);
    });
    await promise;
  }

  /** Lets time pass: wakes sleepers in the order of their times, and lets each do what it does before the next wakes. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds;
    await idle();
    for (;;) {
      const due = this.#sleepers.filter(({ dueAt }) => dueAt <= end).toSorted((a, b) => a.dueAt - b.dueAt)[0];
      if (due === undefined) break;
      this.#now = Math.max(this.#now, due.dueAt);
      this.#sleepers = this.#sleepers.filter((other) => other !== due);
      due.wake();
      await idle();
    }
    this.#now = end;
  }
}

/** Resolves when all promise callbacks that are due have run. */
export async function idle(): Promise<void> {
  await setImmediate();
}
