import { outputPrefix } from '../../model/job/output-keys.ts';
import { noSubtitles, subtitleArguments } from '../outputs/subtitle-output.ts';
import type { OutputRequest } from '../planning/output-settings.ts';
import type { AudioPart, OutputStreams } from '../planning/output-streams.ts';
import type { PlanBuilder } from '../planning/plan-builder.ts';
import type { Timeline } from '../planning/timeline.ts';
import { constantRate, defaultSegmentSeconds, ladderGrid } from './ladder-grid.ts';
import type { StreamPlan, StreamTrack, StreamVariant } from './stream-plan.ts';
import { shortTag } from './track-names.ts';

/** The tracks of a set of segments, each as an output that a step of the plan writes. */
export interface SegmentedOutputs {
  readonly plan: StreamPlan;
  /** In the order of `plan.tracks`. */
  readonly written: readonly OutputStreams[];
}

/** A track and the internal output that writes it. */
interface PlannedTrack {
  readonly track: Omit<StreamTrack, 'path'>;
  readonly output: OutputStreams;
}

/** A variable frame rate would give segments of different lengths: the video is converted to a constant rate. */
export function segmentedRequest(builder: PlanBuilder, { video }: Timeline, request: OutputRequest): OutputRequest {
  const free = request.video.codec !== 'copy' && request.video.codec !== 'none' && request.video.fps === undefined;
  if (request.container !== 'cmaf' || video === undefined || !video.variable || !free) return request;
  const fps = Math.round(constantRate(video.frameRate) * 1000) / 1000;
  builder.note(`The frame rate varies, and segments need a constant one: ${fps} frames per second were chosen.`);
  return { ...request, video: { ...request.video, fps } };
}

/**
 * The tracks of an hls or dash output, each once however many renditions use it; `undefined` for outputs that are files.
 *
 * @param pathOf the file that a step writes for an internal output
 */
export function segmentedOutputs(
  builder: PlanBuilder,
  timeline: Timeline,
  outputs: readonly OutputStreams[],
  pathOf: (output: OutputStreams) => string,
): SegmentedOutputs | undefined {
  const { identity, output } = builder.request.spec;
  const { container, segmentDuration } = output;
  if ((container !== 'hls' && container !== 'dash') || outputs.length === 0) return undefined;
  const { segmentSeconds, tracks: videos } = videoTracks(outputs, segmentDuration);
  const groups = audioGroups(outputs);
  const planned = [...videos, ...groups.flatMap(({ tracks }) => tracks), ...textTracks(outputs[0])];
  noteUpscaling(builder, timeline, outputs);
  return {
    plan: {
      main: container,
      prefix: outputPrefix(identity.uid, identity.attempt),
      folder: `${builder.request.scratchDir}/stream`,
      segmentSeconds,
      duration: timeline.duration,
      tracks: planned.map((one) => ({ ...one.track, path: pathOf(one.output) })),
      variants: outputs.map((one) => variantOf(one, groups)),
    },
    written: planned.map((one) => one.output),
  };
}

function variantOf({ request, video, audio }: OutputStreams, groups: readonly AudioGroup[]): StreamVariant {
  const group = groups.find(({ part }) => part === audio)?.group;
  return {
    name: request.name,
    ...(video.how !== 'none' && { video: videoId(request) }),
    ...(group !== undefined && { audio: group }),
  };
}

function noteUpscaling(builder: PlanBuilder, timeline: Timeline, outputs: readonly OutputStreams[]): void {
  const { width, height } = timeline.video ?? { width: 0, height: 0 };
  for (const { request, video } of outputs) {
    if (video.how === 'encode' && (video.target.width > width || video.target.height > height))
      builder.note(
        `${request.name} is larger (${video.target.width}x${video.target.height}) than its source (${width}x${height}), which adds bits and no detail; video.resolution.upscale: false keeps the size.`,
      );
  }
}

function videoId({ name }: Pick<OutputRequest, 'name'>): string {
  return `video_${name}`;
}

/** Encoded renditions get the same grid of key frames. */
function videoTracks(
  outputs: readonly OutputStreams[],
  segmentDuration: number | undefined,
): { readonly segmentSeconds: number; readonly tracks: readonly PlannedTrack[] } {
  const renditions = outputs.flatMap(({ request, video }) =>
    video.how === 'encode' ? [{ ...video.target, path: request.videoPath }] : [],
  );
  const copied = outputs.some(({ video }) => video.how === 'copy');
  const wanted = segmentDuration ?? defaultSegmentSeconds;
  const grid = copied ? { segmentSeconds: wanted, keyframeInterval: wanted } : ladderGrid(renditions, wanted);
  const { segmentSeconds, keyframeInterval } = grid;
  return { segmentSeconds, tracks: outputs.flatMap((output) => videoTrack(output, keyframeInterval)) };
}

function videoTrack({ request, video }: OutputStreams, keyframeInterval: number): PlannedTrack[] {
  if (video.how === 'none') return [];
  const id = videoId(request);
  const gridded =
    video.how === 'encode' ? { ...video, target: { ...video.target, keyframeInterval, closedGroups: true } } : video;
  const { dynamicRange } = gridded.how === 'encode' ? gridded.target : gridded.video;
  return [
    {
      track: { id, kind: 'video', copied: video.how === 'copy', dynamicRange },
      output: { request: { ...request, name: id }, video: gridded, audio: { how: 'none' }, text: noSubtitles },
    },
  ];
}

interface AudioGroup {
  readonly part: AudioPart;
  readonly group: string;
  readonly tracks: readonly PlannedTrack[];
}

/** Each audio part once: renditions with the same settings share it. */
function audioGroups(outputs: readonly OutputStreams[]): AudioGroup[] {
  const parts = [...new Set(outputs.map(({ audio }) => audio))].filter(({ how }) => how !== 'none');
  let number = 0;
  return parts.map((part, index) => {
    const group = parts.length === 1 ? 'audio' : `audio-${index + 1}`;
    const request = outputs.find(({ audio }) => audio === part)?.request;
    const tracks = audioPieces(part, request).map((piece) => audioTrack(`audio_${++number}`, group, piece, request));
    return { part, group, tracks };
  });
}

function audioTrack(
  id: string,
  group: string,
  { audio, language, channels }: AudioPiece,
  request: OutputRequest | undefined,
): PlannedTrack {
  const tag = shortTag(language);
  return {
    track: {
      id,
      kind: 'audio',
      copied: audio.how === 'copy',
      group,
      ...(tag !== undefined && { language: tag }),
      ...(channels !== undefined && { channels }),
    },
    output: {
      request: internalRequest(id, 'cmaf', request?.audioPath),
      video: { how: 'none' },
      audio,
      text: noSubtitles,
    },
  };
}

function internalRequest(name: string, container: 'cmaf' | 'webvtt', audioPath = ''): OutputRequest {
  return { name, container, video: {}, audio: {}, videoPath: '', audioPath };
}

interface AudioPiece {
  readonly audio: AudioPart;
  readonly language: string | undefined;
  readonly channels: number | undefined;
}

/** Copied audio may be several tracks of the source; in a set of segments each is a track of its own. */
function audioPieces(part: AudioPart, request: OutputRequest | undefined): AudioPiece[] {
  if (part.how === 'none') return [];
  if (part.how === 'encode') {
    const { stream, channels } = part.audio;
    return [{ audio: part, language: stream.language, channels: request?.audio.channels ?? channels }];
  }
  return part.streams.map((stream, index) => ({
    audio: { ...part, streams: [stream] },
    language: part.tracks[index]?.language,
    channels: part.tracks[index]?.channels,
  }));
}

function textTracks(output: OutputStreams | undefined): PlannedTrack[] {
  return (output?.text.tracks ?? []).map((text, index): PlannedTrack => {
    const [id, tag] = [`text_${index + 1}`, shortTag(text.language)];
    return {
      track: { id, kind: 'text', copied: false, ...(tag !== undefined && { language: tag }) },
      output: {
        request: internalRequest(id, 'webvtt'),
        video: { how: 'none' },
        audio: { how: 'none' },
        text: { streams: [text.stream], args: subtitleArguments([text]), tracks: [text] },
      },
    };
  });
}
