import { boxesIn, findBox, type Mp4Box, malformed } from '../mp4/boxes.ts';
import { viewOf } from '../mp4/bytes.ts';

/** One frame or audio packet of a fragmented MP4 file; times in ticks of the track. */
export interface Sample {
  /** Decoding time. */
  readonly decode: number;
  readonly duration: number;
  /** Presentation time minus decoding time; may be negative. */
  readonly composition: number;
  readonly size: number;
  readonly flags: number;
  /** Where its bytes begin in the file. */
  readonly offset: number;
}

/** Values of a sample for which its fragment has none (`trex`). */
export interface SampleDefaults {
  readonly duration: number;
  readonly size: number;
  readonly flags: number;
}

/** `sample_is_non_sync_sample` (ISO/IEC 14496-12, section 8.8.3.1). */
const nonSync = 0x00010000;

/** Whether decoding can start with a sample. */
export function isSync({ flags }: Pick<Sample, 'flags'>): boolean {
  return (flags & nonSync) === 0;
}

/**
 * The samples of one `moof`, in decoding order. Bases are taken from the `moof`, as FFmpeg writes them with
 * `default_base_moof` (ISO/IEC 14496-12, section 8.8).
 *
 * @param moof the whole box, header included
 * @param position where it begins in the file
 */
export function samplesOf(moof: Uint8Array, position: number, track: SampleDefaults): Sample[] {
  const samples: Sample[] = [];
  for (const { type, content, end } of boxesIn(moof, findBox(moof, ['moof'])?.content ?? moof.length)) {
    if (type !== 'traf') continue;
    const defaults = fragmentDefaults(moof, findBox(moof, ['tfhd'], content, end), track);
    const tfdt = findBox(moof, ['tfdt'], content, end);
    if (tfdt === undefined) throw malformed('a fragment without its time');
    let decode = longOrShort(moof, tfdt);
    for (const run of boxesIn(moof, content, end).filter((part) => part.type === 'trun')) {
      const read = runOf(moof, run, { decode, position, defaults });
      for (const sample of read) samples.push(sample);
      decode = read.reduce((time, { duration }) => time + duration, decode);
    }
  }
  return samples;
}

/** A 64-bit time in version 1 of a box, a 32-bit one in version 0. */
function longOrShort(bytes: Uint8Array, { content, end }: Mp4Box): number {
  const view = viewOf(bytes);
  const long = bytes[content] === 1;
  if (end - content < (long ? 12 : 8)) throw malformed('a truncated time');
  return long ? Number(view.getBigUint64(content + 4)) : view.getUint32(content + 4);
}

function fragmentDefaults(bytes: Uint8Array, tfhd: Mp4Box | undefined, track: SampleDefaults): SampleDefaults {
  if (tfhd === undefined) throw malformed('a fragment without a header');
  const read = reader(bytes, tfhd);
  const flags = read() & 0xffffff;
  if ((flags & 0x000001) !== 0) throw malformed('offsets from the start of the file');
  read(); // track_ID
  if ((flags & 0x000002) !== 0) read(); // sample_description_index
  return {
    duration: (flags & 0x000008) !== 0 ? read() : track.duration,
    size: (flags & 0x000010) !== 0 ? read() : track.size,
    flags: (flags & 0x000020) !== 0 ? read() : track.flags,
  };
}

interface RunStart {
  /** Decoding time of the first sample. */
  readonly decode: number;
  /** Position of the `moof` in the file, from which offsets count. */
  readonly position: number;
  readonly defaults: SampleDefaults;
}

/** The samples of a `trun` (ISO/IEC 14496-12, section 8.8.8). */
function runOf(bytes: Uint8Array, trun: Mp4Box, { decode: start, position, defaults }: RunStart): Sample[] {
  const read = reader(bytes, trun);
  const head = read();
  const flags = head & 0xffffff;
  const signed = head >>> 24 === 1;
  const count = read();
  if (count > trun.end - trun.start && (flags & 0xf00) !== 0) throw malformed(`${count} samples in a run`);
  if ((flags & 0x000001) === 0) throw malformed('a run without the offset of its samples');
  let offset = position + (read() | 0);
  const first = (flags & 0x000004) !== 0 ? read() : undefined;
  let decode = start;
  return Array.from({ length: count }, (_, index) => {
    const duration = (flags & 0x000100) !== 0 ? read() : defaults.duration;
    const size = (flags & 0x000200) !== 0 ? read() : defaults.size;
    const own = (flags & 0x000400) !== 0 ? read() : index === 0 && first !== undefined ? first : defaults.flags;
    const shift = (flags & 0x000800) !== 0 ? read() : 0;
    const sample = { decode, duration, composition: signed ? shift | 0 : shift, size, flags: own, offset };
    decode += duration;
    offset += size;
    return sample;
  });
}

/** Reads one 32-bit number after the other from the content of a box. */
function reader(bytes: Uint8Array, { content, end }: Mp4Box): () => number {
  const view = viewOf(bytes);
  let at = content;
  return () => {
    if (at + 4 > end) throw malformed('a box that ends too early');
    at += 4;
    return view.getUint32(at - 4);
  };
}
