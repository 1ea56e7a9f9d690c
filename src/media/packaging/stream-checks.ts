import type { ContractCheck } from '../../model/job/output-contract.ts';
import {
  framesOf,
  largest,
  type PackagedMedia,
  type PackagedStream,
  secondsOf,
  targetDuration,
} from './packaged-stream.ts';

/** Prefix of the `codecs` parameter of each codec, by FFmpeg's names. */
const families: Readonly<Record<string, string>> = {
  h264: 'avc1',
  hevc: 'hvc1',
  av1: 'av01',
  vp9: 'vp09',
  aac: 'mp4a.40',
  ac3: 'ac-3',
  eac3: 'ec-3',
  opus: 'Opus',
  flac: 'fLaC',
  alac: 'alac',
};

/**
 * Checks of one track that need the set of segments: their lengths against the plan, their number against the other tracks
 * of its kind, and the codec in the playlists and the manifest.
 *
 * @param probed the codec as ffprobe reads it from the segments
 */
export function streamChecks(stream: PackagedStream, id: string, probed: string | undefined): ContractCheck[] {
  const media = stream.media.find(({ track }) => track.id === id);
  if (media === undefined) return [];
  return [segmentCheck(stream, media), codecCheck(media, probed)];
}

function segmentCheck({ plan, media: all }: PackagedStream, media: PackagedMedia): ContractCheck {
  const { segments, track, frameRate } = media;
  const lengths = segments.map(({ duration }) => secondsOf(media, duration));
  const target = targetDuration(all);
  // A copied video is cut at its own key frames. Two frames are tolerated for audio, which is cut at the nearest packet.
  const free = all.some((one) => one.track.kind === 'video' && one.track.copied);
  const grace = 2 / Math.max(frameRate, 1);
  const onGrid = lengths.slice(0, -1).every((length) => Math.abs(length - plan.segmentSeconds) <= grace);
  const fits = lengths.every((length) => length > 0 && Math.round(length) <= target);
  const siblings = all.filter((one) => one.track.kind === track.kind && track.kind === 'video');
  const aligned = siblings.every((one) => one.segments.length === segments.length);
  const expected = free ? `segments of at most ${target} s` : `segments of ${rounded(plan.segmentSeconds)} s`;
  return {
    name: 'segments',
    ok: segments.length > 0 && fits && aligned && (free || onGrid),
    expected: siblings.length > 1 ? `${expected}, as many in ${siblings.length} renditions` : expected,
    measured: `${segments.length} with ${framesOf(media)} frames, the longest ${rounded(largest(lengths))} s`,
  };
}

function codecCheck({ codec }: PackagedMedia, probed: string | undefined): ContractCheck {
  const family = families[probed ?? ''];
  return {
    name: 'codecs',
    ok: family !== undefined && codec.startsWith(family),
    expected: family === undefined ? `a name for ${probed ?? 'no stream'}` : `${family}…`,
    measured: codec.slice(0, 80),
  };
}

function rounded(seconds: number): string {
  return String(Math.round(seconds * 1000) / 1000);
}
