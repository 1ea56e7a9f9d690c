/** Size and duration of a segment. */
export interface Load {
  readonly seconds: number;
  readonly bytes: number;
}

export function averageBandwidth(loads: readonly Load[]): number {
  return bitsPerSecond(loads);
}

/**
 * The peak segment bit rate (RFC 8216, section 4.1): the highest rate of any run of segments that plays for half to one
 * and a half times the target duration. A presentation that is shorter than that counts as one run.
 */
export function peakBandwidth(loads: readonly Load[], target: number): number {
  let peak = 0;
  for (let from = 0; from < loads.length; from++) {
    let [seconds, bytes] = [0, 0];
    for (const load of loads.slice(from, from + longestRun(loads, from, target))) {
      seconds += load.seconds;
      bytes += load.bytes;
      if (seconds >= target * 0.5) peak = Math.max(peak, (bytes * 8) / seconds);
    }
  }
  return peak === 0 ? averageBandwidth(loads) : Math.ceil(peak);
}

/** Number of segments from one on that stay within one and a half times the target; at least that one. */
function longestRun(loads: readonly Load[], from: number, target: number): number {
  let seconds = 0;
  for (let at = from; at < loads.length; at++) {
    seconds += loads[at]?.seconds ?? 0;
    if (seconds > target * 1.5) return Math.max(1, at - from);
  }
  return loads.length - from;
}

function bitsPerSecond(loads: readonly Load[]): number {
  const seconds = loads.reduce((total, load) => total + load.seconds, 0);
  const bytes = loads.reduce((total, load) => total + load.bytes, 0);
  return seconds > 0 ? Math.ceil((bytes * 8) / seconds) : 0;
}
