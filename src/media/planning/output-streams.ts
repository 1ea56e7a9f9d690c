import { omitUndefined } from '../../lib/omit-undefined.ts';
import type { Result } from '../../lib/result.ts';
import type { VideoTarget } from '../encoders/video-target.ts';
import type { Pad } from '../filters/graph.ts';
import { type FinishedAudio, finishAudio } from '../outputs/audio-output.ts';
import type { CopiedStream } from '../outputs/command.ts';
import { type SubtitleStreams, subtitleStreams } from '../outputs/subtitle-output.ts';
import { frameCount, rateOf, videoTarget } from '../outputs/video-output.ts';
import { containerName, takesAudio } from '../probe/containers.ts';
import type { AudioStream } from '../probe/probe.ts';
import { joinedStream, type SmartVideo } from '../smart-cut/smart-steps.ts';
import { smartVideo } from '../smart-cut/smart-video.ts';
import { type Clip, copyInput, halfFrameOf } from './clip.ts';
import { audioBitrate, type OutputRequest } from './output-settings.ts';
import { missingStreamError, type PlanBuilder } from './plan-builder.ts';
import { planError } from './plan-error.ts';
import { copyableAudio, copyableTracks, copyableVideo, videoBlocker } from './stream-copy.ts';
import type { AudioState, Timeline, VideoState } from './timeline.ts';

/** The video of an output: none, a copied stream, or a pad to be encoded. */
export type VideoPart =
  | { readonly how: 'none' }
  | {
      readonly how: 'copy';
      readonly stream: CopiedStream;
      readonly video: VideoState;
      readonly clip: Clip;
      /** The stream is joined from copied and encoded frames before it is copied. */
      readonly smart?: SmartVideo;
    }
  | {
      readonly how: 'encode';
      readonly video: VideoState;
      readonly pad: Pad;
      readonly target: VideoTarget;
      readonly why: string;
      readonly frames?: number;
    };

export type AudioPart =
  | { readonly how: 'none' }
  | {
      readonly how: 'copy';
      readonly streams: readonly CopiedStream[];
      readonly codec: string;
      /** What is known of each of the streams. */
      readonly tracks: readonly AudioStream[];
    }
  | { readonly how: 'encode'; readonly audio: AudioState; readonly finished: FinishedAudio; readonly why: string };

export interface OutputStreams {
  readonly request: OutputRequest;
  readonly video: VideoPart;
  readonly audio: AudioPart;
  readonly text: SubtitleStreams;
}

/** Pads of the final timeline, created once so that all outputs share one decode. */
export interface SharedPads {
  readonly video: () => Pad;
  readonly audio: () => Pad;
  /** Audio of renditions that are tracks of one set, by its settings: renditions with equal settings share it. */
  readonly audioParts: Map<string, AudioPart>;
}

/** What the streams of one output are made from. */
interface StreamSource {
  readonly builder: PlanBuilder;
  readonly timeline: Timeline;
  readonly request: OutputRequest;
  readonly pads: SharedPads;
}

/** Decides for each stream of an output whether it is copied, encoded or left out. */
export function streamsOf(source: StreamSource): OutputStreams {
  const { builder, timeline, request } = source;
  const audio = sharedAudio(source);
  const video = videoPart(source, audioBits(source, audio));
  if (video.how === 'none' && audio.how === 'none') {
    throw planError(
      'SPEC_INVALID',
      'spec.output',
      'expected at least one video or audio stream, got an output without',
    );
  }
  return { request, video, audio, text: subtitleStreams(builder, timeline, request.container) };
}

function sharedAudio(source: StreamSource): AudioPart {
  const { request, pads } = source;
  if (request.container !== 'cmaf') return audioPart(source);
  const key = JSON.stringify(Object.entries(request.audio).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  const part = pads.audioParts.get(key) ?? audioPart(source);
  pads.audioParts.set(key, part);
  return part;
}

/** Bits per second of the audio of an output. */
function audioBits({ timeline: { audio }, request }: StreamSource, part: AudioPart): number {
  if (part.how === 'none') return 0;
  if (part.how === 'copy') return audio?.stream.bitrate ?? audioBitrate({}, audio?.channels ?? 2);
  if (part.finished.codec === 'flac') return part.audio.channels * 700_000;
  return audioBitrate(request.audio, request.audio.channels ?? part.audio.channels);
}

function videoPart(source: StreamSource, bits: number): VideoPart {
  const { builder, timeline, request } = source;
  const { video: settings, videoPath } = request;
  const { video } = timeline;
  if (settings.codec === 'none') return { how: 'none' };
  if (video === undefined) {
    if (Object.keys(settings).length === 0) return { how: 'none' };
    throw missingStreamError('video', videoPath);
  }
  // Where a plain copy is possible, it leaves the choice of packets to a seek; a smart cut picks them one by one.
  const smart = smartCutFor(source, video);
  if (smart?.ok === true) {
    const { value } = smart;
    return { how: 'copy', stream: joinedStream(value), video, clip: value.clip, smart: value };
  }
  const copy = copyableVideo(timeline, video, request, builder.force);
  if (copy.ok) {
    const { clip } = copy.value;
    const stream: CopiedStream = { from: 'copy', input: copyInput(clip), specifier: String(video.stream.index) };
    return { how: 'copy', stream, video, clip };
  }
  if (settings.codec === 'copy') {
    throw planError('SPEC_INVALID', `${videoPath}.codec`, `expected video that can be copied, but ${copy.why}`);
  }
  const why = smart === undefined ? copy.why : `${copy.why}, and ${smart.why}`;
  return encodedVideo(source, video, { bits, why });
}

function encodedVideo(
  { builder, timeline, request, pads }: StreamSource,
  video: VideoState,
  { bits, why }: { readonly bits: number; readonly why: string },
): VideoPart {
  const log = `${builder.request.scratchDir}/${request.name}-pass`;
  const target = videoTarget(video, request, rateOf(request, timeline.duration, bits, log));
  return omitUndefined({
    how: 'encode' as const,
    video,
    pad: pads.video(),
    target,
    why,
    frames: frameCount(video, target),
  });
}

/** A smart cut, or why there is none; `undefined` when the cut is not exact or other changes need an encode anyway. */
function smartCutFor(
  { builder, timeline: { clip }, request }: StreamSource,
  video: VideoState,
): Result<SmartVideo> | undefined {
  const exact = clip?.window?.exactStart === true || clip?.window?.exactEnd === true;
  if (clip === undefined || !exact || video.pad !== undefined || builder.force) return undefined;
  return videoBlocker(clip, video, request) === undefined ? smartVideo(builder, clip, video, request) : undefined;
}

function audioPart(source: StreamSource): AudioPart {
  const { builder, timeline, request, pads } = source;
  const { audio } = timeline;
  if (request.audio.codec === 'none' || audio === undefined) return { how: 'none' };
  const copy = copyableAudio(timeline, audio, request, builder.force);
  if (copy.ok) return copiedAudio(source, copy.value.clip, audio);
  if (request.audio.codec === 'copy') return requestedCopy(source, audio, copy.why);
  return { how: 'encode', audio, finished: finishAudio(builder, pads.audio(), audio, request), why: copy.why };
}

/** All tracks of the clip that fit into the container. */
function copiedAudio({ builder, request: { container } }: StreamSource, clip: Clip, audio: AudioState): AudioPart {
  const tracks = copyableTracks(clip, container);
  if (tracks.length < clip.probe.audio.length)
    builder.note(`Of ${clip.probe.audio.length} audio tracks ${tracks.length} fit into ${containerName(container)}.`);
  const input = copyInput(clip);
  return {
    how: 'copy',
    codec: audio.stream.codec,
    streams: tracks.map(({ index }) => ({ from: 'copy', input, specifier: String(index) })),
    tracks,
  };
}

/** With `codec: copy`, a cut between packets is good enough; anything else that blocks the copy is an error. */
function requestedCopy({ timeline, request }: StreamSource, audio: AudioState, why: string): AudioPart {
  const { clip } = timeline;
  const { stream } = audio;
  if (clip?.window !== undefined && audio.pad === undefined && takesAudio(request.container, stream.codec)) {
    const streams: CopiedStream[] = [{ from: 'copy', input: copyInput(clip), specifier: String(stream.index) }];
    return { how: 'copy', codec: stream.codec, streams, tracks: [stream] };
  }
  throw planError('SPEC_INVALID', `${request.audioPath}.codec`, `expected audio that can be copied, but ${why}`);
}

/** The smart cut of an output; `undefined` where its video is made in another way. */
export function smartCutOf(video: VideoPart): SmartVideo | undefined {
  return video.how === 'copy' ? video.smart : undefined;
}

/** Seconds by which a copied cut may differ: frames are stored out of order, and audio packets have a fixed length. */
export function copyTolerance(clip: Clip, video: VideoState | undefined): number {
  if (clip.window === undefined && clip.seekable) return 0;
  const frame = video === undefined ? 0 : 2 * halfFrameOf(video.stream);
  const depth = video?.stream.hasBFrames ?? 0;
  return 0.1 + (2 * depth + 2) * Math.max(frame, 0.02);
}
