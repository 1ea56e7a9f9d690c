import type { ProgressSample } from './progress-parser.ts';

export interface StallWatchdog {
  /** Records a sample; only growth counts as progress. */
  observe(sample: ProgressSample): void;
  /** Milliseconds until the process counts as stalled; 0 when it does. */
  remainingMs(): number;
}

/**
 * A process is stalled when for `stallSeconds` neither the written time nor the size nor the number of frames grew. A
 * process that hangs still prints its blocks, so a block alone does not count.
 */
export function createStallWatchdog(clock: { monotonic(): number }, stallSeconds: number): StallWatchdog {
  const limitMs = stallSeconds * 1000;
  let lastGrowth = clock.monotonic();
  let outTime = 0;
  let size = 0;
  let frames = 0;

  return {
    observe({ outTimeSeconds = 0, sizeBytes = 0, frame = 0 }) {
      if (outTimeSeconds > outTime || sizeBytes > size || frame > frames) lastGrowth = clock.monotonic();
      outTime = Math.max(outTime, outTimeSeconds);
      size = Math.max(size, sizeBytes);
      frames = Math.max(frames, frame);
    },
    remainingMs() {
      return Math.max(0, lastGrowth + limitMs - clock.monotonic());
    },
  };
}
