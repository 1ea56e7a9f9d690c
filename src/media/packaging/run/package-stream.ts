import { mkdir, rename, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CodedError } from '../../../errors/coded-error.ts';
import { dashManifest } from '../dash-manifest.ts';
import { iframePlaylist, masterPlaylist, mediaPlaylist, textPlaylist } from '../hls-playlist.ts';
import {
  framesOf,
  type PackagedMedia,
  type PackagedStream,
  type PackagedText,
  secondsOf,
  targetDuration,
} from '../packaged-stream.ts';
import { masterId, type StreamPlan, streamNames } from '../stream-plan.ts';
import { cutTrack } from './cut-track.ts';

/**
 * Creates the set of files of an hls or dash output from the tracks that FFmpeg wrote, and returns its measures. Files of
 * an earlier try in the folder are removed, and each track is removed after it was cut.
 *
 * @throws CodedError FFMPEG_FAILED when renditions do not fit each other; the file system's errors as they are
 */
export async function packageStream(plan: StreamPlan, signal: AbortSignal): Promise<PackagedStream> {
  await rm(plan.folder, { recursive: true, force: true });
  await mkdir(plan.folder, { mode: 0o700 });
  const media: PackagedMedia[] = [];
  for (const track of plan.tracks.filter(({ kind }) => kind === 'video')) {
    media.push(await cutTrack(plan, track, { every: plan.segmentSeconds }, signal));
    await unlink(track.path);
  }
  assertAligned(media);
  const [video] = media;
  const boundaries = { every: plan.segmentSeconds, ...(video !== undefined && { at: startsOf(video) }) };
  for (const track of plan.tracks.filter(({ kind }) => kind === 'audio')) {
    media.push(await cutTrack(plan, track, boundaries, signal));
    await unlink(track.path);
  }
  const texts: PackagedText[] = [];
  for (const track of plan.tracks.filter(({ kind }) => kind === 'text')) {
    const path = join(plan.folder, streamNames.text(plan.prefix, track.id));
    await rename(track.path, path);
    texts.push({ track, bytes: (await stat(path)).size });
  }
  const stream = { plan, media, texts };
  for (const [name, write] of descriptionsOf(stream))
    await writeFile(join(plan.folder, name), write(), { mode: 0o600 });
  return stream;
}

/** Names of all files of a set, each after those that it refers to, so that every visible reference can be resolved. */
export function streamFiles({ plan, media, texts }: PackagedStream): string[] {
  const { prefix } = plan;
  return [
    ...media.flatMap(({ track, segments }) => [
      streamNames.init(prefix, track.id),
      ...segments.map((_, index) => streamNames.segment(prefix, track.id, index + 1)),
    ]),
    ...texts.map(({ track }) => streamNames.text(prefix, track.id)),
    ...descriptionsOf({ plan, media, texts }).map(([name]) => name),
  ];
}

/** Playlists and manifest by their names, each written on call; those that refer to others come last. */
function descriptionsOf(stream: PackagedStream): (readonly [name: string, write: () => string])[] {
  const { plan, media, texts } = stream;
  const { prefix } = plan;
  const target = targetDuration(media);
  return [
    ...media.map(
      (one) => [streamNames.playlist(prefix, one.track.id), () => mediaPlaylist(plan, one, target)] as const,
    ),
    ...media.flatMap((one) =>
      one.keyframes.length === 0
        ? []
        : [[streamNames.iframes(prefix, one.track.id), () => iframePlaylist(plan, one)] as const],
    ),
    ...texts.map(({ track }) => [streamNames.playlist(prefix, track.id), () => textPlaylist(plan, track.id)] as const),
    [streamNames.manifest(prefix), () => dashManifest(stream)],
    [streamNames.playlist(prefix, masterId), () => masterPlaylist(stream)],
  ];
}

function startsOf(media: PackagedMedia): number[] {
  return media.segments.map(({ start }) => secondsOf(media, start));
}

/** A player switches renditions between two segments: each must start at the same time in all renditions. */
function assertAligned([first, ...others]: readonly PackagedMedia[]): void {
  if (first === undefined) return;
  const wanted = startsOf(first);
  for (const other of others) {
    const starts = startsOf(other);
    const apart = starts.findIndex((start, index) => Math.abs(start - (wanted[index] ?? Number.NaN)) > 0.001);
    if (starts.length === wanted.length && apart === -1) continue;
    const figures =
      starts.length === wanted.length
        ? `segment ${apart + 1} at ${starts[apart]?.toFixed(3)} s instead of ${wanted[apart]?.toFixed(3)} s`
        : `${starts.length} segments with ${framesOf(other)} frames instead of ${wanted.length} with ${framesOf(first)}`;
    throw new CodedError(
      'FFMPEG_FAILED',
      `Expected the segments of ${other.track.id} to start where those of ${first.track.id} do, got ${figures}`,
    );
  }
}
