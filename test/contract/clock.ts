import { describe, expect, it } from 'vitest';
import type { Clock } from '../../src/ports/clock.ts';

/** What every adapter of `Clock` must keep. Call it in a test file with the adapter. */
export function clockContract(adapter: string, clock: Clock): void {
  describe(`Clock: ${adapter}`, () => {
    it('returns wall time in milliseconds since 1970', () => {
      const before = Date.now();
      expect(clock.now()).toBeGreaterThanOrEqual(before);
      expect(clock.now()).toBeLessThanOrEqual(Date.now() + 1);
    });

    it('has a monotonic time that never goes back', () => {
      const readings = Array.from({ length: 1000 }, () => clock.monotonic());
      expect(readings).toEqual(readings.toSorted((a, b) => a - b));
    });

    it('sleeps at least as long as asked', async () => {
      const start = clock.monotonic();
      await clock.sleep(30);
      expect(clock.monotonic() - start).toBeGreaterThanOrEqual(29);
    });

    it.each([0, -5])('does not wait for %d ms', async (milliseconds) => {
      await expect(clock.sleep(milliseconds)).resolves.toBeUndefined();
    });

    it('rejects a sleep with the reason of its signal, before and during it', async () => {
      const reason = new Error('enough');
      await expect(clock.sleep(60_000, AbortSignal.abort(reason))).rejects.toBe(reason);
      await expect(clock.sleep(0, AbortSignal.abort(reason))).rejects.toBe(reason);
      const abort = new AbortController();
      const sleeping = clock.sleep(60_000, abort.signal);
      abort.abort(reason);
      await expect(sleeping).rejects.toBe(reason);
    });

    it('sleeps through spans that are too long for one timer', async () => {
      const abort = new AbortController();
      const settled: string[] = [];
      const sleeping = clock.sleep(2 ** 40, abort.signal).then(
        () => settled.push('woke up'),
        () => settled.push('aborted'),
      );
      await clock.sleep(20);
      expect(settled).toEqual([]);
      abort.abort();
      await sleeping;
      expect(settled).toEqual(['aborted']);
    });
  });
}
