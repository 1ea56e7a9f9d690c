export interface Vitals {
  /** Milliseconds that the oldest key has waited for a handler. */
  readonly oldestWaitMs: number;
  /** Milliseconds that the longest handler has been at work. */
  readonly longestRunMs: number;
  /** Milliseconds since the last sign of life of the API server, by watch. */
  readonly lastContactMs: Readonly<Record<string, number>>;
}

export interface LivenessLimits {
  readonly waitMs: number;
  readonly runMs: number;
  readonly contactMs: number;
}

/** Ten minutes of silence: an API server that is down for less is no reason to restart, which would not help. */
export const livenessLimits: LivenessLimits = { waitMs: 300_000, runMs: 300_000, contactMs: 600_000 };

/**
 * Why a process should be restarted, in one sentence; undefined while it does its work. That it answers at all says
 * nothing of that.
 */
export function livenessProblem(vitals: Vitals, limits: LivenessLimits = livenessLimits): string | undefined {
  const seconds = (milliseconds: number): string => `${Math.round(milliseconds / 1000)} s`;
  if (vitals.oldestWaitMs > limits.waitMs) {
    return `a key has waited for ${seconds(vitals.oldestWaitMs)} (at most ${seconds(limits.waitMs)})`;
  }
  if (vitals.longestRunMs > limits.runMs) {
    return `a handler has been at work for ${seconds(vitals.longestRunMs)} (at most ${seconds(limits.runMs)})`;
  }
  const silent = Object.entries(vitals.lastContactMs).find(([, contact]) => contact > limits.contactMs);
  if (silent === undefined) return undefined;
  return `the watch of ${silent[0]} has heard nothing for ${seconds(silent[1])} (at most ${seconds(limits.contactMs)})`;
}
