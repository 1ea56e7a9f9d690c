import type { Rational } from '../filters/numbers.ts';
import { ratio } from '../filters/numbers.ts';
import { planError } from '../planning/plan-error.ts';

/** The properties that decide where a rendition may be cut. */
export interface GridRendition {
  readonly frameRate: Rational;
  /** Requested longest distance of key frames, in seconds. */
  readonly keyframeInterval?: number;
  /** Path of its video settings in the spec. */
  readonly path: string;
}

export interface LadderGrid {
  /** Length of a segment: a whole number of frames in every rendition. */
  readonly segmentSeconds: number;
  /** Distance of key frames in seconds: the same part of a segment in every rendition. */
  readonly keyframeInterval: number;
}

/** What Apple's authoring specification recommends: segments of 6 s, a key frame every 2 s. */
export const defaultSegmentSeconds = 6;
const defaultKeyframeSeconds = 2;
/** Tolerates the rounding of a number such as 0.04 × 25. */
const grain = 1e-6;

/**
 * Key frames at the same times in all renditions, and segments that are cut at them, as near to the requested length as
 * whole frames allow: 6 s at 29.97 frames per second are 6.006 s.
 *
 * @throws CodedError SPEC_INVALID when no group of frames of one rate is as long as one of the other
 */
export function ladderGrid(renditions: readonly GridRendition[], wanted: number = defaultSegmentSeconds): LadderGrid {
  const asked = renditions.flatMap(({ keyframeInterval }) =>
    keyframeInterval === undefined ? [] : [keyframeInterval],
  );
  const slowest = renditions.reduce<GridRendition | undefined>(
    (least, one) => (least === undefined || ratio(one.frameRate) < ratio(least.frameRate) ? one : least),
    undefined,
  );
  if (slowest === undefined) return { segmentSeconds: wanted, keyframeInterval: wanted };
  const fps = ratio(slowest.frameRate);
  const group =
    asked.length === 0
      ? Math.round((fps * wanted) / Math.max(1, Math.round(wanted / defaultKeyframeSeconds)))
      : Math.floor(fps * Math.min(wanted, ...asked) + grain);
  const frames = Math.max(1, group);
  for (const { frameRate, path } of renditions) {
    const own = (frames * frameRate.num * slowest.frameRate.den) / (frameRate.den * slowest.frameRate.num);
    if (Math.abs(own - Math.round(own)) < grain) continue;
    throw planError(
      'SPEC_INVALID',
      `${path}.fps`,
      `expected a frame rate whose segments can end with those of ${fps.toFixed(3)} frames per second, got ${ratio(frameRate).toFixed(3)}`,
      'Give all renditions the same frame rate, or whole multiples of one.',
    );
  }
  const keyframeInterval = frames / fps;
  const groups = Math.max(1, Math.round(wanted / keyframeInterval));
  return { segmentSeconds: groups * keyframeInterval, keyframeInterval };
}

const commonRates: readonly Rational[] = [
  { num: 10, den: 1 },
  { num: 12, den: 1 },
  { num: 15, den: 1 },
  { num: 20, den: 1 },
  { num: 24_000, den: 1001 },
  { num: 24, den: 1 },
  { num: 25, den: 1 },
  { num: 30_000, den: 1001 },
  { num: 30, den: 1 },
  { num: 48, den: 1 },
  { num: 50, den: 1 },
  { num: 60_000, den: 1001 },
  { num: 60, den: 1 },
];

/** The constant rate for a video of variable rate: the common one nearest to the mean, else one that drops no frames. */
export function constantRate(mean: Rational): number {
  const fps = ratio(mean);
  const distance = (rate: Rational): number => Math.abs(ratio(rate) / fps - 1);
  const near = commonRates.filter((rate) => distance(rate) < 0.02).toSorted((a, b) => distance(a) - distance(b))[0];
  const above = commonRates.find((rate) => ratio(rate) >= fps);
  return ratio(near ?? above ?? { num: Math.max(1, Math.min(240, Math.ceil(fps))), den: 1 });
}
