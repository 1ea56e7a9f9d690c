import { halfFrameOf } from '../planning/clip.ts';
import type { Probe, VideoStream } from '../probe/probe.ts';

/** Seconds count from the start of the file; ticks are those of its packets. */
export interface StreamClock {
  readonly ticks: (seconds: number) => number;
  readonly seconds: (ticks: number) => number;
  /** Ticks by which a requested time may differ from the time of the frame that is meant. */
  readonly tolerance: number;
}

export function streamClock(stream: VideoStream, { startTime }: Pick<Probe, 'startTime'>): StreamClock {
  const { num, den } = stream.timeBase;
  const half = stream.variableFrameRate ? 0.0005 : halfFrameOf(stream);
  return {
    ticks: (seconds) => ((seconds + startTime) * den) / num,
    seconds: (ticks) => (ticks * num) / den - startTime,
    tolerance: (half * den) / num,
  };
}
