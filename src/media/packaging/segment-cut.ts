/** Where a track is cut: at the times `at`, and after the last of them every `every` seconds. */
export interface Boundaries {
  readonly every: number;
  /** Seconds, ascending. */
  readonly at?: readonly number[];
}

/** The first boundary after a time. */
function boundaryAfter({ every, at = [] }: Boundaries, start: number): number {
  const last = at.at(-1) ?? 0;
  return at.find((time) => time > start) ?? last + (Math.floor((start - last) / every) + 1) * every;
}

/**
 * Decides for one sample after the other whether a segment begins with it: with the first sample that may begin one and is
 * at the boundary or after it. Up to half a sample before the boundary counts as at it, so that audio, whose packets do not
 * align with the boundaries of the video, is cut at the nearest packet.
 */
export function segmentCutter(boundaries: Boundaries): (time: number, seconds: number, mayBegin: boolean) => boolean {
  let next = Number.NEGATIVE_INFINITY;
  return (time, seconds, mayBegin) => {
    const half = seconds / 2;
    if (!mayBegin || time + half < next) return false;
    // Samples before 0 belong to the first segment.
    next = boundaryAfter(boundaries, Math.max(0, time + half));
    return true;
  };
}
