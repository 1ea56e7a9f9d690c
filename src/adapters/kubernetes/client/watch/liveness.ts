/** What the liveness of the operator is derived from. */
export interface LivenessFigures {
  /** Milliseconds that the oldest key has waited for a handler. */
  readonly oldestWaitMs: number;
  /** Milliseconds that the longest running handler has been running. */
  readonly longestRunMs: number;
  /** Milliseconds since the last data from the API server, by watch. */
  readonly lastContactMs: Readonly<Record<string, number>>;
}

interface LivenessLimits {
  readonly waitMs: number;
  readonly runMs: number;
  readonly contactMs: number;
}

/** Ten minutes without data: a restart does not help while the API server is down for less. */
const livenessLimits: LivenessLimits = { waitMs: 300_000, runMs: 300_000, contactMs: 600_000 };

/**
 * Why a process should be restarted, in one sentence; undefined while it makes progress. An answer to a health check alone
 * does not show that.
 */
export function livenessProblem(figures: LivenessFigures, limits: LivenessLimits = livenessLimits): string | undefined {
  const seconds = (milliseconds: number): string => `${Math.round(milliseconds / 1000)} s`;
  if (figures.oldestWaitMs > limits.waitMs) {
    return `a key has waited for ${seconds(figures.oldestWaitMs)} (at most ${seconds(limits.waitMs)})`;
  }
  if (figures.longestRunMs > limits.runMs) {
    return `a handler has been running for ${seconds(figures.longestRunMs)} (at most ${seconds(limits.runMs)})`;
  }
  const silent = Object.entries(figures.lastContactMs).find(([, contact]) => contact > limits.contactMs);
  if (silent === undefined) return undefined;
  return `the watch of ${silent[0]} has received nothing for ${seconds(silent[1])} (at most ${seconds(limits.contactMs)})`;
}
