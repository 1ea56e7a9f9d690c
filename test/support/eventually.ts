import { setTimeout as sleep } from 'node:timers/promises';

export interface EventuallyOptions {
  /** Longest time in all; generous, since it only matters to a test that fails. Below the time limit of the test. */
  readonly withinMs?: number;
  /** Pause between two tries. */
  readonly everyMs?: number;
}

/**
 * Repeats an assertion until it passes, and resolves with its value. Rejects with its last failure, or with a
 * description of the try that did not end, when the time is over.
 *
 *   await eventually(async () => expect(await readdir(dir)).toEqual([]));
 */
export async function eventually<T>(
  assertion: () => T | Promise<T>,
  { withinMs = 30_000, everyMs = 10 }: EventuallyOptions = {},
): Promise<T> {
  const deadline = performance.now() + withinMs;
  let last: unknown = new Error(`Expected the first try of an assertion to end within ${withinMs} ms`);
  do {
    const outcome = await outcomeOf(assertion, deadline - performance.now());
    if (outcome === undefined) break;
    if (outcome.passed) return outcome.value;
    last = outcome.error;
    await sleep(everyMs);
  } while (performance.now() < deadline);
  throw last;
}

type Outcome<T> = { readonly passed: true; readonly value: T } | { readonly passed: false; readonly error: unknown };

/** What one try came to; undefined when it did not end in time. */
async function outcomeOf<T>(assertion: () => T | Promise<T>, withinMs: number): Promise<Outcome<T> | undefined> {
  const over = new AbortController();
  const attempt = (async (): Promise<Outcome<T>> => {
    try {
      return { passed: true, value: await assertion() };
    } catch (error) {
      return { passed: false, error };
    }
  })();
  const limit = sleep(Math.max(0, withinMs), undefined, { signal: over.signal }).catch(() => undefined);
  const outcome = await Promise.race([attempt, limit]);
  over.abort();
  return outcome;
}
