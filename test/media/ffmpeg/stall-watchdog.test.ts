import { describe, expect, it } from 'vitest';
import { createStallWatchdog } from '../../../src/media/ffmpeg/stall-watchdog.ts';

function watchdogAt(start: number, stallSeconds: number) {
  let now = start;
  const watchdog = createStallWatchdog({ monotonic: () => now }, stallSeconds);
  return { watchdog, advance: (milliseconds: number) => (now += milliseconds) };
}

describe('the stall watchdog', () => {
  it('counts down from the start of the process', () => {
    const { watchdog, advance } = watchdogAt(5000, 10);
    expect(watchdog.remainingMs()).toBe(10_000);
    advance(4000);
    expect(watchdog.remainingMs()).toBe(6000);
    advance(7000);
    expect(watchdog.remainingMs()).toBe(0);
  });

  it.each([
    ['the written time', { outTimeSeconds: 1, end: false }],
    ['the size', { sizeBytes: 100, end: false }],
    ['the number of frames', { frame: 1, end: false }],
  ])('resets when %s has grown', (_what, sample) => {
    const { watchdog, advance } = watchdogAt(0, 10);
    advance(9000);
    watchdog.observe(sample);
    expect(watchdog.remainingMs()).toBe(10_000);
  });

  it('ignores blocks in which nothing has grown', () => {
    const { watchdog, advance } = watchdogAt(0, 10);
    watchdog.observe({ outTimeSeconds: 5, sizeBytes: 100, frame: 125, end: false });
    advance(6000);
    watchdog.observe({ outTimeSeconds: 5, sizeBytes: 100, frame: 125, end: false });
    watchdog.observe({ outTimeSeconds: 4, sizeBytes: 90, frame: 100, end: false });
    watchdog.observe({ end: false });
    expect(watchdog.remainingMs()).toBe(4000);
  });
});
