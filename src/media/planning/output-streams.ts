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
import { missing, type PlanBuilder } from './plan-builder.ts';
import { audioCopyBlocker, copyableTracks, videoBlocker, videoCopyBlocker } from './stream-copy.ts';
import type { AudioState, Timeline, VideoState } from './timeline.ts';
import { refusal } from './unsupported.ts';

/** The picture of an output: none, the stream as it is, or a pad to be encoded. */
export type VideoPart =
  | { readonly how: 'none' }
  | {
      readonly how: 'copy';
      readonly stream: CopiedStream;
      readonly video: VideoState;
      readonly clip: Clip;
      /** The stream is joined from copied and encoded pictures before it is copied. */
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

/** Pads of the final timeline, made once so that all outputs share one decode. */
export interface SharedPads {
  readonly video: () => Pad;
  readonly audio: () => Pad;
  /** Sound of renditions that are tracks of one set, by what was asked for: they share it. */
  readonly sounds: Map<string, AudioPart>;
}

/** Decides for each stream of an output whether it is copied, encoded or left out. */
export function streamsOf(
  builder: PlanBuilder,
  timeline: Timeline,
  request: OutputRequest,
  pads: SharedPads,
): OutputStreams {
  const audio = sharedAudio(builder, timeline, request, pads);
  const video = videoPart(builder, timeline, request, pads, audioBits(timeline, request, audio));
  if (video.how === 'none' && audio.how === 'none') {
    throw refusal('SPEC_INVALID', 'spec.output', 'expected at least one stream of picture or sound, got none');
  }
  return { request, video, audio, text: subtitleStreams(builder, timeline, request.container) };
}

function sharedAudio(builder: PlanBuilder, timeline: Timeline, request: OutputRequest, pads: SharedPads): AudioPart {
  if (request.container !== 'cmaf') return audioPart(builder, timeline, request, pads);
  const key = JSON.stringify(Object.entries(request.audio).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  const known = pads.sounds.get(key) ?? audioPart(builder, timeline, request, pads);
  pads.sounds.set(key, known);
  return known;
}

function audioBits({ audio: sound }: Timeline, request: OutputRequest, audio: AudioPart): number {
  if (audio.how === 'none') return 0;
  if (audio.how === 'copy') return sound?.stream.bitrate ?? audioBitrate({}, sound?.channels ?? 2);
  if (audio.finished.codec === 'flac') return audio.audio.channels * 700_000;
  return audioBitrate(request.audio, request.audio.channels ?? audio.audio.channels);
}

function videoPart(
  builder: PlanBuilder,
  timeline: Timeline,
  request: OutputRequest,
  pads: SharedPads,
  bits: number,
): VideoPart {
  const { video: wanted, videoPath } = request;
  const { video: picture, clip } = timeline;
  if (wanted.codec === 'none') return { how: 'none' };
  if (picture === undefined) {
    if (Object.keys(wanted).length === 0) return { how: 'none' };
    throw missing('video', videoPath);
  }
  // Where a plain copy would do, it leaves the choice of packets to a seek; this picks them one by one.
  const smart = smartOf(builder, timeline, picture, request);
  if (smart?.ok === true) {
    const { value } = smart;
    return { how: 'copy', stream: joinedStream(value), video: picture, clip: value.clip, smart: value };
  }
  const blocker = videoCopyBlocker(timeline, picture, request, builder.force);
  if (blocker === undefined && clip !== undefined) {
    const stream: CopiedStream = { from: 'copy', input: copyInput(clip), specifier: String(picture.stream.index) };
    return { how: 'copy', stream, video: picture, clip };
  }
  if (wanted.codec === 'copy') {
    throw refusal(
      'SPEC_INVALID',
      `${videoPath}.codec`,
      `expected a picture that can be copied, but ${blocker ?? 'it was changed'}`,
    );
  }
  const log = `${builder.request.scratchDir}/${request.name}-pass`;
  const target = videoTarget(picture, request, rateOf(request, timeline.duration, bits, log));
  const frames = frameCount(picture, target);
  return {
    how: 'encode',
    video: picture,
    pad: pads.video(),
    target,
    why: smart?.ok === false ? `${blocker ?? 'it is cut'}, and ${smart.why}` : (blocker ?? 'it was changed'),
    ...(frames !== undefined && { frames }),
  };
}

/** How a smart cut is made, or why not; `undefined` when something else than the cut changes the picture. */
function smartOf(
  builder: PlanBuilder,
  { clip }: Timeline,
  picture: VideoState,
  request: OutputRequest,
): Result<SmartVideo> | undefined {
  const exact = clip?.window?.exactStart === true || clip?.window?.exactEnd === true;
  if (clip === undefined || !exact || picture.pad !== undefined || builder.force) return undefined;
  return videoBlocker(clip, picture, request) === undefined ? smartVideo(builder, clip, picture, request) : undefined;
}

function audioPart(builder: PlanBuilder, timeline: Timeline, request: OutputRequest, pads: SharedPads): AudioPart {
  const { audio: wanted, audioPath, container } = request;
  const { audio: sound, clip } = timeline;
  if (wanted.codec === 'none' || sound === undefined) return { how: 'none' };
  const blocker = audioCopyBlocker(timeline, sound, request, builder.force);
  if (blocker === undefined && clip !== undefined) {
    const tracks = copyableTracks(clip, container);
    if (tracks.length < clip.probe.audio.length)
      builder.note(`Of ${clip.probe.audio.length} audio tracks ${tracks.length} fit into ${containerName(container)}.`);
    const input = copyInput(clip);
    return {
      how: 'copy',
      codec: sound.stream.codec,
      streams: tracks.map(({ index }) => ({ from: 'copy', input, specifier: String(index) })),
      tracks,
    };
  }
  if (wanted.codec === 'copy') {
    const cut =
      timeline.clip?.window !== undefined && sound.pad === undefined && takesAudio(container, sound.stream.codec);
    // A copy was asked for, so a cut falls between packets instead of being refused.
    if (cut && clip !== undefined) {
      const input = copyInput(clip);
      return {
        how: 'copy',
        codec: sound.stream.codec,
        streams: [{ from: 'copy', input, specifier: String(sound.stream.index) }],
        tracks: [sound.stream],
      };
    }
    throw refusal(
      'SPEC_INVALID',
      `${audioPath}.codec`,
      `expected sound that can be copied, but ${blocker ?? 'it was changed'}`,
    );
  }
  return {
    how: 'encode',
    audio: sound,
    finished: finishAudio(builder, pads.audio(), sound, request),
    why: blocker ?? 'it was changed',
  };
}

/** Seconds by which a copied cut may differ: frames are stored out of order, and packets of sound are of fixed length. */
export function copyTolerance(clip: Clip, picture: VideoState | undefined): number {
  if (clip.window === undefined && clip.seekable) return 0;
  const frame = picture === undefined ? 0 : 2 * halfFrameOf(picture.stream);
  const depth = picture?.stream.hasBFrames ?? 0;
  return 0.1 + (2 * depth + 2) * Math.max(frame, 0.02);
}
