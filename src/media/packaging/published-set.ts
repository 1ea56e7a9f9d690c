import type { PlannedOutput } from '../planning/plan.ts';
import { masterId, type StreamPlan, type StreamTrack, streamNames } from './stream-plan.ts';

/** An audio packet at 8 kHz, in seconds: segments consist of whole packets, and no field shortens the last one. */
const packetSeconds = 0.128;

const hlsType = 'application/vnd.apple.mpegurl';
const dashType = 'application/dash+xml';

/** The playlist of one track: checked instead of the file that a step has written. */
export function playlistPath({ folder, prefix }: StreamPlan, id: string): string {
  return `${folder}/${streamNames.playlist(prefix, id)}`;
}

/**
 * The outputs of a set in a result: the requested playlist and the other one, the playlist of every rendition and audio
 * track, and the texts. Segments are not listed; their number and size are.
 *
 * @param tracks what each track must be, in the order of `plan.tracks`
 */
export function publishedSet(plan: StreamPlan, tracks: readonly PlannedOutput[]): PlannedOutput[] {
  const { folder, main, prefix } = plan;
  const all = plan.tracks.map((track, index) => ({ track, planned: tracks[index] }));
  const contract = tracks[0]?.contract ?? {};
  // FFmpeg reports the duration of the first variant as that of the whole, even when other tracks are longer.
  const [variant] = plan.variants;
  const above = all.find(({ track }) => track.id === variant?.video || track.group === variant?.audio);
  const first = above?.planned && withPacketTolerance(above.track, above.planned);
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

/** Audio may be longer than its source by one packet. */
function withPacketTolerance({ kind }: StreamTrack, { expect, ...planned }: PlannedOutput): PlannedOutput {
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
  // The only rendition is called main, like the top-level playlist, so it gets the id of its track.
  const name = variant === undefined || variant.name === 'main' ? track.id : variant.name;
  const { requireAudio: _whole, ...contract } = planned.contract;
  return {
    ...withPacketTolerance(track, planned),
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
