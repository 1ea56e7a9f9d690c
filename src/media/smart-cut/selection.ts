import type { SmartJoin } from './join.ts';
import type { Samples } from './mp4-track.ts';
import { SmartCutError } from './nal-units.ts';

/** Which samples of the source are copied, and the presentation times of those that are re-encoded, ascending. */
export interface Selection {
  readonly copied: readonly number[];
  readonly head: readonly number[];
  readonly tail: readonly number[];
}

/**
 * Sorts the samples of the source into copied and re-encoded ones, and verifies that the copied ones decode without
 * others: they begin with a key frame and have no gap in decoding order, except for frames that lead the key frame and
 * belong to the head.
 *
 * @throws SmartCutError when they do not
 */
export function selectSamples(join: SmartJoin, samples: Samples): Selection {
  const { start, copyStart, copyEnd = Number.POSITIVE_INFINITY, end = Number.POSITIVE_INFINITY } = join;
  const first = samples.pts.indexOf(copyStart);
  if (first === -1 || samples.keys[first] !== 1)
    throw new SmartCutError(
      `expected a key frame at tick ${copyStart}, got ${first === -1 ? 'no frame' : 'another frame'}`,
    );
  const [copied, head, tail]: [number[], number[], number[]] = [[], [], []];
  let behind = false;
  for (const [index, pts] of samples.pts.entries()) {
    if (pts < start || pts >= end) {
      behind ||= pts >= end && index > first;
      continue;
    }
    if (pts < copyStart) head.push(pts);
    else if (pts >= copyEnd) {
      tail.push(pts);
      behind = true;
    } else if (index < first || behind)
      throw new SmartCutError('expected copied frames without a gap, got other frames between them');
    else copied.push(index);
  }
  return { copied, head: head.toSorted(ascending), tail: tail.toSorted(ascending) };
}

function ascending(a: number, b: number): number {
  return a - b;
}
