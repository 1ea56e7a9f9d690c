import { ascii, concatBytes } from '../mp4/bytes.ts';
import { fullBox, int64, makeBox, uint32, uint32s } from '../mp4/make-box.ts';
import { isSync, type Sample } from './fragment.ts';

/** One movie fragment: everything before its payload, and the samples that are the payload. */
export interface FragmentBytes {
  /** `moof` and the header of `mdat`. */
  readonly head: Uint8Array;
  readonly samples: readonly Sample[];
  /** Bytes of the whole fragment. */
  readonly size: number;
}

export const segmentType = makeBox('styp', ascii('msdh'), uint32(0), ascii('msdh'), ascii('cmfs'));

/**
 * Samples in decoding order as movie fragments. Each video key frame gets its own fragment, so that its bytes alone decode:
 * an I-frame playlist needs that. Audio is one fragment.
 *
 * @param sequence number of the first fragment
 */
export function fragmentsOf(
  samples: readonly Sample[],
  trackId: number,
  sequence: number,
  video: boolean,
): FragmentBytes[] {
  const groups: Sample[][] = [];
  for (const sample of samples) {
    const last = groups.at(-1);
    const before = last?.at(-1);
    const apart = video && (isSync(sample) || (before !== undefined && isSync(before)));
    if (last === undefined || apart) groups.push([sample]);
    else last.push(sample);
  }
  return groups.map((group, index) => fragment(group, trackId, sequence + index));
}

function fragment(samples: readonly Sample[], trackId: number, sequence: number): FragmentBytes {
  const payload = samples.reduce((bytes, { size }) => bytes + size, 0);
  const moof = (offset: number): Uint8Array =>
    makeBox('moof', fullBox('mfhd', 0, 0, uint32(sequence)), traf(samples, trackId, offset));
  // The offset of the samples counts from the start of moof, whose length does not depend on it.
  const length = moof(0).length;
  const head = concatBytes([moof(length + 8), uint32(payload + 8), ascii('mdat')]);
  return { head, samples, size: head.length + payload };
}

function traf(samples: readonly Sample[], trackId: number, offset: number): Uint8Array {
  const [first] = samples;
  const sameDuration = samples.every(({ duration }) => duration === first?.duration);
  const sameFlags = samples.every(({ flags }) => flags === first?.flags);
  const shifted = samples.some(({ composition }) => composition !== 0);
  const header = [...(sameDuration ? [first?.duration ?? 0] : []), ...(sameFlags ? [first?.flags ?? 0] : [])];
  // default-base-is-moof, and which defaults are present.
  const tfhd = 0x020000 + (sameDuration ? 0x000008 : 0) + (sameFlags ? 0x000020 : 0);
  const trun = 0x000201 + (sameDuration ? 0 : 0x000100) + (sameFlags ? 0 : 0x000400) + (shifted ? 0x000800 : 0);
  const rows = samples.flatMap(({ duration, size, flags, composition }) => [
    ...(sameDuration ? [] : [duration]),
    size,
    ...(sameFlags ? [] : [flags]),
    ...(shifted ? [composition] : []),
  ]);
  return makeBox(
    'traf',
    fullBox('tfhd', 0, tfhd, uint32(trackId, ...header)),
    fullBox('tfdt', 1, 0, int64(first?.decode ?? 0)),
    // Version 1: composition offsets have a sign.
    fullBox('trun', 1, trun, uint32s([samples.length, offset, ...rows])),
  );
}
