import { boxesIn, findBox, type Mp4Box, malformed, typeAt } from '../mp4/boxes.ts';
import { ascii, concatBytes, viewOf } from '../mp4/bytes.ts';
import { fullBox, int64, makeBox, uint32 } from '../mp4/make-box.ts';
import { codecString } from './codec-string.ts';
import type { SampleDefaults } from './fragment.ts';

/** The track of a file with one track, from its `moov`. */
export interface TrackHeader {
  readonly trackId: number;
  /** Ticks per second. */
  readonly timescale: number;
  /** RFC 6381. */
  readonly codec: string;
  /** Bytes of the length before each NAL unit; absent for codecs without NAL units. */
  readonly nalLengthSize?: number;
  /** Size of the video with square pixels; 0 for audio. */
  readonly width: number;
  readonly height: number;
  readonly defaults: SampleDefaults;
  /**
   * Ticks at the start of the media that a player skips: the priming of an audio encoder, and for video the reorder delay
   * of the first frame. Negative composition offsets could express the latter, but FFmpeg's demuxer shifts such a video to
   * later times.
   */
  readonly skipped: number;
  /** Ticks before the first sample. */
  readonly delay: number;
}

/** @param moov the whole box */
export function trackHeader(moov: Uint8Array): TrackHeader {
  const need = (path: readonly string[]): Mp4Box => {
    const found = findBox(moov, ['moov', ...path]);
    if (found === undefined) throw malformed(`no ${path.join('/')}`);
    return found;
  };
  const view = viewOf(moov);
  const mdhd = need(['trak', 'mdia', 'mdhd']);
  const timescale = view.getUint32(mdhd.content + (moov[mdhd.content] === 1 ? 20 : 12));
  if (timescale === 0) throw malformed('a time base of 0');
  const tkhd = need(['trak', 'tkhd']);
  const trex = need(['mvex', 'trex']);
  const stsd = need(['trak', 'mdia', 'minf', 'stbl', 'stsd']);
  const [entry] = boxesIn(moov, stsd.content + 8, stsd.end);
  if (entry === undefined) throw malformed('a track without a sample entry');
  const audio = typeAt(moov, need(['trak', 'mdia', 'hdlr']).content + 8) === 'soun';
  const config = nalConfig(moov, entry);
  return {
    trackId: view.getUint32(tkhd.content + (moov[tkhd.content] === 1 ? 20 : 12)),
    timescale,
    codec: codecString(moov, entry),
    ...(config !== undefined && { nalLengthSize: config }),
    ...(audio ? { width: 0, height: 0 } : frameSize(view, entry, tkhd)),
    defaults: {
      duration: view.getUint32(trex.content + 12),
      size: view.getUint32(trex.content + 16),
      flags: view.getUint32(trex.content + 20),
    },
    ...edits(moov, timescale),
  };
}

/**
 * The track header has the display size, in which the pixel shape is applied. Where it differs only by the rounding of a
 * scaled video to even dimensions, the decoded size counts.
 */
function frameSize(view: DataView, entry: Mp4Box, tkhd: Mp4Box): Pick<TrackHeader, 'width' | 'height'> {
  const stored = { width: view.getUint16(entry.content + 24), height: view.getUint16(entry.content + 26) };
  // 16.16 fixed point.
  const shown = {
    width: Math.round(view.getUint32(tkhd.end - 8) / 0x10000),
    height: Math.round(view.getUint32(tkhd.end - 4) / 0x10000),
  };
  const near = Math.abs(shown.width - stored.width) <= 2 && Math.abs(shown.height - stored.height) <= 2;
  return near ? stored : shown;
}

/** The edit list: an empty edit is a delay, and media before its media time is skipped. */
function edits(moov: Uint8Array, timescale: number): Pick<TrackHeader, 'skipped' | 'delay'> {
  const view = viewOf(moov);
  const elst = findBox(moov, ['moov', 'trak', 'edts', 'elst']);
  const mvhd = findBox(moov, ['moov', 'mvhd']);
  if (elst === undefined || mvhd === undefined) return { skipped: 0, delay: 0 };
  const movieScale = view.getUint32(mvhd.content + (moov[mvhd.content] === 1 ? 20 : 12)) || 1000;
  const long = moov[elst.content] === 1;
  const size = long ? 20 : 12;
  let [delay, skipped] = [0, 0];
  for (let at = elst.content + 8; at + size <= elst.end; at += size) {
    const duration = long ? Number(view.getBigUint64(at)) : view.getUint32(at);
    const time = long ? Number(view.getBigInt64(at + 8)) : view.getInt32(at + 4);
    if (time < 0) delay += Math.round((duration * timescale) / movieScale);
    else skipped = time;
  }
  return { skipped, delay };
}

/** Length of the sizes before NAL units, from `avcC` or `hvcC`. */
function nalConfig(moov: Uint8Array, entry: Mp4Box): number | undefined {
  const configs = [
    ['avcC', 4],
    ['hvcC', 21],
  ] as const;
  for (const [type, at] of configs) {
    const found = videoConfig(moov, entry, type);
    if (found !== undefined) return ((moov[found.content + at] ?? 0xff) & 3) + 1;
  }
  return undefined;
}

/** Boxes of a video sample entry begin after its 78 bytes of fields (ISO/IEC 14496-12, section 12.1.3). */
function videoConfig(moov: Uint8Array, entry: Mp4Box, type: string): Mp4Box | undefined {
  const isVideo = ['avc1', 'avc3', 'hvc1', 'hev1'].includes(entry.type);
  return isVideo ? findBox(moov, [type], entry.content + 78, entry.end) : undefined;
}

/**
 * The initialization segment of a track: its boxes, without those that players do not handle. Its edit list only skips
 * media at the start: a delay is part of the time stamps.
 */
export function initSegment(moov: Uint8Array, { skipped }: Pick<TrackHeader, 'skipped'>): Uint8Array {
  const whole = findBox(moov, ['moov']);
  if (whole === undefined) throw malformed('no moov');
  const raw = ({ start, end }: Mp4Box): Uint8Array => moov.subarray(start, end);
  const parts = boxesIn(moov, whole.content, whole.end).flatMap((part) => {
    // Tags of the source and of the encoder do not belong in a segment that every player loads first.
    if (part.type === 'udta' || part.type === 'meta') return [];
    if (part.type !== 'trak') return [raw(part)];
    const inner = boxesIn(moov, part.content, part.end).filter(({ type }) => type !== 'edts');
    const [tkhd, ...rest] = inner.map(raw);
    const edit = skipped === 0 ? [] : [editOf(skipped)];
    return [makeBox('trak', ...(tkhd === undefined ? [] : [tkhd]), ...edit, ...rest)];
  });
  const brands = ['iso6', 'cmfc', 'mp41'].map(ascii);
  return concatBytes([makeBox('ftyp', ascii('iso6'), uint32(0), ...brands), makeBox('moov', ...parts)]);
}

function editOf(mediaTime: number): Uint8Array {
  // A duration of 0 means the whole fragmented track.
  return makeBox('edts', fullBox('elst', 1, 0, uint32(1), int64(0), int64(mediaTime), uint32(0x00010000)));
}
