import { failure, type Result, success } from '../../lib/result.ts';
import type { Medium } from '../filters/graph.ts';
import { frameRateOf, ratio } from '../filters/numbers.ts';
import { containerName, type FileContainer, takesAudio, takesVideo } from '../probe/containers.ts';
import type { AudioStream } from '../probe/probe.ts';
import { type Clip, halfFrameOf, keyframesOf } from './clip.ts';
import type { OutputRequest } from './output-settings.ts';
import { outputSize } from './resolution.ts';
import type { AudioState, Timeline, VideoState } from './timeline.ts';

/** The clip whose video stream can be copied unchanged, or why the video must be encoded. */
export function copyableVideo(
  { clip }: Timeline,
  video: VideoState,
  request: OutputRequest,
  force: boolean,
): Result<CopyableClip> {
  if (clip === undefined || video.pad !== undefined) return failure(changedBy(video.changes, 'video'));
  if (force) return failure('transcode.force is set');
  const blocker = videoBlocker(clip, video, request) ?? windowBlocker(clip, video);
  return blocker === undefined ? success({ clip }) : failure(blocker);
}

interface CopyableClip {
  readonly clip: Clip;
}

function changedBy(changes: readonly string[], medium: Medium): string {
  const last = changes.at(-1);
  return last === undefined ? `the ${medium} was changed` : `${last} changes the ${medium}`;
}

/** Why not even the middle of a cut can be copied. */
export function videoBlocker(clip: Clip, video: VideoState, request: OutputRequest): string | undefined {
  return segmentBlocker(clip, request) ?? sourceBlocker(clip, video, request) ?? settingsBlocker(video, request);
}

/** Copied video has the key frames of its source, which seldom are where segments must end. */
function segmentBlocker({ window }: Clip, { container, ladder, video }: OutputRequest): string | undefined {
  if (container !== 'cmaf') return undefined;
  if (ladder === true) return 'renditions must be cut at the same frames';
  if (video.codec !== 'copy') return 'segments need key frames at fixed times';
  return window === undefined ? undefined : 'segments cannot leave out frames before a cut';
}

/** AVI stores when a frame is decoded and not when it is shown: copied elsewhere, its frames would come out of order. */
function sourceBlocker({ probe }: Clip, { stream }: VideoState, { container }: OutputRequest): string | undefined {
  if (probe.format === 'avi' && stream.hasBFrames > 0) return 'AVI does not store when its frames are shown';
  const plain = stream.rotation === 0 && stream.warped !== true;
  return plain || container === 'mp4' || container === 'mov' || container === 'cmaf'
    ? undefined
    : `${container} cannot store the rotation of the video`;
}

function settingsBlocker(video: VideoState, { video: settings, container }: OutputRequest): string | undefined {
  const { stream } = video;
  const { codec } = settings;
  if (codec !== undefined && codec !== 'copy' && codec !== 'none' && codec !== stream.codec)
    return `${codec} is requested and the source is ${stream.codec}`;
  if (!takesVideo(container, stream.codec)) return `${containerName(container)} cannot hold ${stream.codec}`;
  for (const field of ['quality', 'bitrate', 'maxBitrate', 'targetSize', 'keyframeInterval'] as const) {
    if (settings[field] !== undefined) return `video.${field} is set`;
  }
  if (
    settings.fps !== undefined &&
    (video.variable || Math.abs(ratio(frameRateOf(settings.fps)) - ratio(video.frameRate)) > 0.01)
  ) {
    return `${settings.fps} frames per second are requested`;
  }
  if (settings.bitDepth !== undefined && settings.bitDepth !== stream.bitDepth)
    return `${settings.bitDepth} bits are requested`;
  if (settings.hdr === 'tonemap' && video.dynamicRange !== 'sdr') return 'tone mapping is requested';
  if (settings.resolution !== undefined) {
    const { width, height } = outputSize(video, settings.resolution);
    if (width !== video.width || height !== video.height) return `${width}x${height} is requested`;
  }
  return undefined;
}

/** A cut can be copied exactly when it starts on a key frame and ends with the file, or where no frame is out of order. */
function windowBlocker(clip: Clip, video: VideoState): string | undefined {
  const { window, probe } = clip;
  if (window === undefined) return undefined;
  const half = halfFrameOf(video.stream);
  const onKeyframe =
    window.start <= half || (keyframesOf(clip) ?? []).some((time) => Math.abs(time - window.start) <= half);
  if (window.exactStart && (!onKeyframe || !clip.seekable)) return 'the first frame of the cut is not a key frame';
  if (window.exactEnd && window.end < probe.duration - half && video.stream.hasBFrames > 0) {
    return 'the cut ends among frames that are stored out of order';
  }
  return undefined;
}

/** The clip whose audio tracks can all be copied unchanged, or why the audio must be encoded. */
export function copyableAudio(
  { clip }: Timeline,
  audio: AudioState,
  request: OutputRequest,
  force: boolean,
): Result<CopyableClip> {
  if (clip === undefined || audio.pad !== undefined) return failure(changedBy(audio.changes, 'audio'));
  if (force && request.audio.codec !== 'copy') return failure('transcode.force is set');
  const blocker = audioBlocker(clip, audio, request);
  return blocker === undefined ? success({ clip }) : failure(blocker);
}

function audioBlocker(
  { window }: Clip,
  { stream }: AudioState,
  { audio: settings, container }: OutputRequest,
): string | undefined {
  const { codec, bitrate, loudness, channels, sampleRate } = settings;
  if (codec !== undefined && codec !== 'copy' && codec !== 'none' && codec !== stream.codec)
    return `${codec} is requested and the source is ${stream.codec}`;
  if (!takesAudio(container, stream.codec)) return `${containerName(container)} cannot hold ${stream.codec}`;
  if (bitrate !== undefined) return 'audio.bitrate is set';
  if (loudness !== undefined) return 'audio.loudness is set';
  if (channels !== undefined && channels !== stream.channels) return `${channels} channels are requested`;
  if (sampleRate !== undefined && sampleRate !== stream.sampleRate) return `${sampleRate} Hz are requested`;
  if (window?.exactStart === true || window?.exactEnd === true) return 'audio packets do not end at the cut';
  return undefined;
}

/** Highest number of audio files in one set of segments. */
const mostSegmentedTracks = 16;

/** The audio tracks of a clip that fit into a container by copy. */
export function copyableTracks({ probe }: Clip, container: FileContainer): readonly AudioStream[] {
  const fitting = probe.audio.filter(({ codec }) => takesAudio(container, codec));
  return container === 'cmaf' ? fitting.slice(0, mostSegmentedTracks) : fitting;
}
