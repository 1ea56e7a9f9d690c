/** Where a track is cut: where another one was, if there is one, and from there on after each so many seconds. */
export interface Boundaries {
  readonly every: number;
  /** Seconds, ascending. */
  readonly at?: readonly number[];
}

/** The first boundary after a moment. */
function boundaryAfter({ every, at = [] }: Boundaries, moment: number): number {
  const last = at.at(-1) ?? 0;
  return at.find((time) => time > moment) ?? last + (Math.floor((moment - last) / every) + 1) * every;
}

/**
 * Tells for one sample after the other whether a segment begins with it: at the first sample that may begin one and that
 * stands at the boundary or after it. Half a sample counts as at the boundary, so that sound, whose packets fall between
 * the boundaries of the picture, is cut at the nearest.
 */
export function segmentCutter(boundaries: Boundaries): (time: number, seconds: number, mayBegin: boolean) => boolean {
  let next = Number.NEGATIVE_INFINITY;
  return (time, seconds, mayBegin) => {
    const half = seconds / 2;
    if (!mayBegin || time + half < next) return false;
    // What comes before 0 belongs to the first segment.
    next = boundaryAfter(boundaries, Math.max(0, time + half));
    return true;
  };
}
