import type { PlannedOutput } from '../planning/plan.ts';
import { masterId, type StreamPlan, type StreamTrack, streamNames } from './stream-plan.ts';

/** A packet of sound at 8 kHz, in seconds: segments are of whole packets, and nothing says that the last one is cut off. */
const packetSeconds = 0.128;

const hlsType = 'application/vnd.apple.mpegurl';
const dashType = 'application/dash+xml';

/** Where a player finds one track: what is checked in place of the file that a step has written. */
export function playlistPath({ folder, prefix }: StreamPlan, id: string): string {
  return `${folder}/${streamNames.playlist(prefix, id)}`;
}

/**
 * What is told of a set in a result: the playlist that was asked for and the other one, the playlist of every rendition
 * and sound, and the texts. Segments are not listed; their number and size are.
 *
 * @param tracks what each track must be, in the order of `plan.tracks`
 */
export function publishedSet(plan: StreamPlan, tracks: readonly PlannedOutput[]): PlannedOutput[] {
  const { folder, main, prefix } = plan;
  const all = plan.tracks.map((track, index) => ({ track, planned: tracks[index] }));
  const contract = tracks[0]?.contract ?? {};
  // FFmpeg takes the length of the first variant for that of the whole, whatever is longer beside it.
  const [variant] = plan.variants;
  const above = all.find(({ track }) => track.id === variant?.video || track.group === variant?.audio);
  const first = above?.planned && withGrace(above.track, above.planned);
  const hls: PlannedOutput = {
    name: main === 'hls' ? 'main' : 'main_hls',
    kind: 'playlist',
    path: `${folder}/${streamNames.playlist(prefix, masterId)}`,
    extension: 'm3u8',
    mediaType: hlsType,
    key: streamNames.playlist(prefix, masterId),
    expect: {
      ...(first?.expect.duration !== undefined && { duration: first.expect.duration }),
      video: all.some(({ track }) => track.kind === 'video'),
      audio: all.some(({ track }) => track.kind === 'audio'),
      ...(first?.expect.tolerance !== undefined && { tolerance: first.expect.tolerance }),
    },
    contract: { ...contract, decode: 'none' },
  };
  const dash: PlannedOutput = {
    name: main === 'dash' ? 'main' : 'main_dash',
    kind: 'playlist',
    path: `${folder}/${streamNames.manifest(prefix)}`,
    extension: 'mpd',
    mediaType: dashType,
    key: streamNames.manifest(prefix),
    expect: { video: false, audio: false },
    contract: {},
  };
  const listed = all.flatMap(({ track, planned }) =>
    planned === undefined ? [] : [listedTrack(plan, track, planned)],
  );
  return [...(main === 'hls' ? [hls, dash] : [dash, hls]), ...listed];
}

/** Seconds by which sound may be longer than what it was made from. */
function withGrace({ kind }: StreamTrack, { expect, ...planned }: PlannedOutput): PlannedOutput {
  if (kind !== 'audio') return { ...planned, expect };
  return { ...planned, expect: { ...expect, tolerance: (expect.tolerance ?? 0) + packetSeconds } };
}

function listedTrack(plan: StreamPlan, track: StreamTrack, planned: PlannedOutput): PlannedOutput {
  const { folder, prefix } = plan;
  const key = track.kind === 'text' ? streamNames.text(prefix, track.id) : streamNames.playlist(prefix, track.id);
  const path = `${folder}/${key}`;
  if (track.kind === 'text') {
    const expect = { video: false, audio: false };
    return { name: track.id, kind: 'vtt', path, extension: 'vtt', mediaType: 'text/vtt', key, expect, contract: {} };
  }
  const variant = plan.variants.find(({ video }) => video === track.id);
  // The name of the only rendition is that of the playlist above it.
  const name = variant === undefined || variant.name === 'main' ? track.id : variant.name;
  const { requireAudio: _whole, ...contract } = planned.contract;
  return {
    ...withGrace(track, planned),
    name,
    kind: 'playlist',
    path,
    extension: 'm3u8',
    mediaType: hlsType,
    key,
    track: track.id,
    contract,
  };
}
