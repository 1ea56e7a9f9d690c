/** A part of a whole, for example one FFmpeg process of a plan. */
export interface ProgressPart {
  readonly name: string;
  /** Share of the work in any unit; the shares of all parts are put in proportion. */
  readonly weight: number;
}

interface ProgressEstimate {
  /** 0 to 100, rounded down to a tenth; never falls. */
  readonly percent: number;
  /** Seconds until the end; absent until the rate is known. */
  readonly etaSeconds?: number;
}

export interface ProgressEstimator {
  /** `fraction` of the named part is done at `nowMs`; the parts before it are taken as done. */
  advance(name: string, fraction: number, nowMs: number): ProgressEstimate;
  /** Other parts from here on, for example once the plan is known. Percent does not fall by it. */
  setParts(parts: readonly ProgressPart[]): void;
}

/** The rate is a moving average over about this long: shorter jumps with every scene, longer lags behind a change of load. */
const windowMs = 15_000;

/** Percent and time left over weighted parts. Time is passed in, in milliseconds of a monotonic clock. */
export function createProgressEstimator(initial: readonly ProgressPart[]): ProgressEstimator {
  let parts = initial;
  let percent = 0;
  let samples: { readonly at: number; readonly percent: number }[] = [];

  return {
    setParts(next) {
      parts = next;
      // The rate was measured against other weights.
      samples = [];
    },
    advance(name, fraction, nowMs) {
      percent = Math.max(percent, position(parts, name, fraction));
      samples = samples.filter(({ at }, index) => nowMs - at <= windowMs || index === samples.length - 1);
      const oldest = samples[0];
      samples.push({ at: nowMs, percent });
      const estimate: ProgressEstimate = { percent: Math.floor(percent * 10) / 10 };
      if (oldest === undefined || nowMs <= oldest.at || percent <= oldest.percent) return estimate;
      const perMs = (percent - oldest.percent) / (nowMs - oldest.at);
      const leftMs = (100 - percent) / perMs;
      return Number.isFinite(leftMs) ? { ...estimate, etaSeconds: Math.round(leftMs / 100) / 10 } : estimate;
    },
  };
}

function position(parts: readonly ProgressPart[], name: string, fraction: number): number {
  const total = sumOf(parts);
  const index = parts.findIndex((part) => part.name === name);
  if (index < 0 || total <= 0) return 0;
  const before = sumOf(parts.slice(0, index));
  const own = sumOf(parts.slice(index, index + 1));
  const share = Number.isFinite(fraction) ? Math.min(1, Math.max(0, fraction)) : 0;
  return Math.min(100, ((before + own * share) / total) * 100);
}

/** Weights are estimates of the planner: one that is no number counts as nothing. */
function sumOf(parts: readonly ProgressPart[]): number {
  return parts.reduce((sum, { weight }) => sum + (weight > 0 && weight < 1e12 ? weight : 0), 0);
}
