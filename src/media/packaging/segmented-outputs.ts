import { outputPrefix } from '../../model/job/output-keys.ts';
import { noSubtitles, subtitleArguments } from '../outputs/subtitle-output.ts';
import type { OutputRequest } from '../planning/output-settings.ts';
import type { AudioPart, OutputStreams } from '../planning/output-streams.ts';
import type { PlanBuilder } from '../planning/plan-builder.ts';
import type { Timeline } from '../planning/timeline.ts';
import { constantRate, defaultSegmentSeconds, ladderGrid } from './ladder-grid.ts';
import type { StreamPlan, StreamTrack, StreamVariant } from './stream-plan.ts';
import { shortTag } from './track-names.ts';

/** What the steps of a plan write for a set of segments: each track as an output of its own. */
export interface SegmentedOutputs {
  readonly plan: StreamPlan;
  /** In the order of `plan.tracks`. */
  readonly written: readonly OutputStreams[];
}

/** A track and the pseudo output that makes it. */
interface MadeTrack {
  readonly track: Omit<StreamTrack, 'path'>;
  readonly output: OutputStreams;
}

/** A rate that varies gives segments of no fixed length: the picture is brought to a constant one. */
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
 * @param pathOf the file that a step writes for a pseudo output
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
  const { segmentSeconds, pictures } = videoTracks(outputs, segmentDuration);
  const sounds = audioTracks(outputs);
  const made = [...pictures, ...sounds.flatMap(({ tracks }) => tracks), ...textTracks(outputs[0])];
  for (const { request, video } of outputs) {
    const [width, height] = [timeline.video?.width ?? 0, timeline.video?.height ?? 0];
    if (video.how === 'encode' && (video.target.width > width || video.target.height > height))
      builder.note(
        `${request.name} is larger (${video.target.width}x${video.target.height}) than its source (${width}x${height}), which adds bits and no detail; video.resolution.upscale: false keeps the size.`,
      );
  }
  const variants = outputs.map(({ request, video, audio }): StreamVariant => {
    const group = sounds.find(({ part }) => part === audio)?.group;
    return {
      name: request.name,
      ...(video.how !== 'none' && { video: pictureId(request) }),
      ...(group !== undefined && { audio: group }),
    };
  });
  return {
    plan: {
      main: container,
      prefix: outputPrefix(identity.uid, identity.attempt),
      folder: `${builder.request.scratchDir}/stream`,
      segmentSeconds,
      duration: timeline.duration,
      tracks: made.map((one) => ({ ...one.track, path: pathOf(one.output) })),
      variants,
    },
    written: made.map((one) => one.output),
  };
}

function pictureId({ name }: Pick<OutputRequest, 'name'>): string {
  return `video_${name}`;
}

/** Encoded pictures get the same grid of key frames. */
function videoTracks(
  outputs: readonly OutputStreams[],
  segmentDuration: number | undefined,
): { readonly segmentSeconds: number; readonly pictures: readonly MadeTrack[] } {
  const renditions = outputs.flatMap(({ request, video }) =>
    video.how === 'encode' ? [{ ...video.target, path: request.videoPath }] : [],
  );
  const copied = outputs.some(({ video }) => video.how === 'copy');
  const wanted = segmentDuration ?? defaultSegmentSeconds;
  const grid = copied ? { segmentSeconds: wanted, keyframeInterval: wanted } : ladderGrid(renditions, wanted);
  const { segmentSeconds, keyframeInterval } = grid;
  const pictures = outputs.flatMap((output): MadeTrack[] => {
    const { request, video } = output;
    if (video.how === 'none') return [];
    const id = pictureId(request);
    const target = video.how === 'encode' ? { ...video.target, keyframeInterval, closedGroups: true } : undefined;
    return [
      {
        track: {
          id,
          kind: 'video',
          copied: video.how === 'copy',
          dynamicRange: target?.dynamicRange ?? video.video.dynamicRange,
        },
        output: {
          request: { ...request, name: id },
          video: video.how === 'encode' && target !== undefined ? { ...video, target } : video,
          audio: { how: 'none' },
          text: noSubtitles,
        },
      },
    ];
  });
  return { segmentSeconds, pictures };
}

/** Each sound that is made, once: renditions that ask for the same share it. */
function audioTracks(
  outputs: readonly OutputStreams[],
): { readonly part: AudioPart; readonly group: string; readonly tracks: readonly MadeTrack[] }[] {
  const parts = [...new Set(outputs.map(({ audio }) => audio))].filter(({ how }) => how !== 'none');
  let number = 0;
  return parts.map((part, index) => {
    const group = parts.length === 1 ? 'audio' : `audio-${index + 1}`;
    const request = outputs.find(({ audio }) => audio === part)?.request;
    const tracks = piecesOf(part, request).map(({ audio, language, channels }): MadeTrack => {
      number += 1;
      const [id, tag] = [`audio_${number}`, shortTag(language)];
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
          request: {
            name: id,
            container: 'cmaf',
            video: {},
            audio: {},
            videoPath: '',
            audioPath: '',
            ...(request && { audioPath: request.audioPath }),
          },
          video: { how: 'none' },
          audio,
          text: noSubtitles,
        },
      };
    });
    return { part, group, tracks };
  });
}

interface AudioPiece {
  readonly audio: AudioPart;
  readonly language: string | undefined;
  readonly channels: number | undefined;
}

/** A copied sound may be several tracks of the source; in a set of segments each is by itself. */
function piecesOf(part: AudioPart, request: OutputRequest | undefined): AudioPiece[] {
  if (part.how === 'none') return [];
  if (part.how === 'encode') {
    const { audio: sound } = part;
    return [{ audio: part, language: sound.stream.language, channels: request?.audio.channels ?? sound.channels }];
  }
  return part.streams.map((stream, index) => ({
    audio: { ...part, streams: [stream] },
    language: part.tracks[index]?.language,
    channels: part.tracks[index]?.channels,
  }));
}

function textTracks(output: OutputStreams | undefined): MadeTrack[] {
  return (output?.text.tracks ?? []).map((text, index): MadeTrack => {
    const [id, tag] = [`text_${index + 1}`, shortTag(text.language)];
    return {
      track: { id, kind: 'text', copied: false, ...(tag !== undefined && { language: tag }) },
      output: {
        request: { name: id, container: 'webvtt', video: {}, audio: {}, videoPath: '', audioPath: '' },
        video: { how: 'none' },
        audio: { how: 'none' },
        text: { streams: [text.stream], args: subtitleArguments([text]), tracks: [text] },
      },
    };
  });
}
