import { failure, type Result, success } from '../../lib/result.ts';
import type { VideoPacket } from './packets.ts';

/** How a cut begins. Times in ticks of the stream. */
export interface CutStart {
  /** The first frame of the cut. */
  readonly first: number;
  /** The first frame that is copied: a key frame. */
  readonly splicePoint: number;
  /** The key frame before both, from which the re-encoded head is decoded. */
  readonly key: number;
  /** Frames of the re-encoded head. */
  readonly frames: number;
}

/** How a cut ends. Times in ticks of the stream. */
export interface CutEnd {
  /** The first frame after the cut. */
  readonly end: number;
  /** The first frame that is not copied. */
  readonly splicePoint: number;
  /** The key frame before it, from which the re-encoded tail is decoded. */
  readonly key: number;
  /** Frames of the re-encoded tail. */
  readonly frames: number;
}

/**
 * @param packets in decoding order around the start of the cut
 * @param splicePoints times of the key frames among them at which decoding can begin
 * @param from earliest time of the first frame of the cut
 */
export function findCutStart(
  packets: readonly VideoPacket[],
  splicePoints: readonly number[],
  from: number,
): Result<CutStart> {
  const shown = packets.map(({ pts }) => pts).filter((pts) => pts >= from);
  if (shown.length === 0) return failure('no frame was found at the start of the cut');
  const first = Math.min(...shown);
  const splicePoint = splicePoints.filter((pts) => pts >= first).toSorted((a, b) => a - b)[0];
  if (splicePoint === undefined || !shown.includes(splicePoint))
    return failure('no key frame was found after the start of the cut');
  const keys = packets.filter(({ key, pts }) => key && pts <= first).map(({ pts }) => pts);
  return success({
    first,
    splicePoint,
    key: keys.length > 0 ? Math.max(...keys) : Math.min(...packets.map(({ pts }) => pts)),
    frames: shown.filter((pts) => pts < splicePoint).length,
  });
}

/**
 * The last splice point before the end: all frames that are stored before it are shown before all frames that are stored
 * after it, so the frames before it decode without those after it. Usually it is a few frames before the end, wherever
 * the key frames are.
 *
 * @param packets in decoding order around the end of the cut
 * @param from earliest time of the first frame after the cut
 * @param exact the requested end; used when no frame follows the cut
 */
export function findCutEnd(
  packets: readonly VideoPacket[],
  { from, exact }: { readonly from: number; readonly exact: number },
): Result<CutEnd> {
  const after = packets.map(({ pts }) => pts).filter((pts) => pts >= from);
  const end = after.length > 0 ? Math.min(...after) : exact;
  const splicePoint = lastSplicePoint(packets, end);
  if (splicePoint === undefined) return failure('no frame was found at which copying can end');
  const keys = packets.filter(({ key, pts }) => key && pts <= splicePoint).map(({ pts }) => pts);
  if (keys.length === 0) return failure('no key frame was found before the end of the cut');
  return success({
    end,
    splicePoint,
    key: Math.max(...keys),
    frames: packets.filter(({ pts }) => pts >= splicePoint && pts < end).length,
  });
}

function lastSplicePoint(packets: readonly VideoPacket[], end: number): number | undefined {
  const highest = highestSoFar(packets);
  let lowest = Number.POSITIVE_INFINITY;
  for (let index = packets.length - 1; index > 0; index -= 1) {
    lowest = Math.min(lowest, packets[index]?.pts ?? lowest);
    if (lowest <= end && (highest[index - 1] ?? lowest) < lowest) return lowest;
  }
  return undefined;
}

function highestSoFar(packets: readonly VideoPacket[]): number[] {
  let highest = Number.NEGATIVE_INFINITY;
  return packets.map(({ pts }) => (highest = Math.max(highest, pts)));
}
