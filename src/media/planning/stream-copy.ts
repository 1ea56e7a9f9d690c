import { frameRateOf, ratio } from '../filters/numbers.ts';
import { containerName, type FileContainer, takesAudio, takesVideo } from '../probe/containers.ts';
import type { AudioStream } from '../probe/probe.ts';
import { type Clip, halfFrameOf, keyframesOf } from './clip.ts';
import type { OutputRequest } from './output-settings.ts';
import { outputSize } from './resolution.ts';
import type { AudioState, Timeline, VideoState } from './timeline.ts';

/** Why the picture must be encoded again; `undefined` when the stream can be copied as it is. */
export function videoCopyBlocker(
  timeline: Timeline,
  video: VideoState,
  request: OutputRequest,
  force: boolean,
): string | undefined {
  const { clip } = timeline;
  const last = video.changes.at(-1);
  if (clip === undefined || video.pad !== undefined)
    return last === undefined ? 'the picture was changed' : `${last} changes the picture`;
  if (force) return 'transcode.force asks for it';
  return videoBlocker(clip, video, request) ?? windowBlocker(clip, video);
}

/** Why not even the middle of a cut can be copied. */
export function videoBlocker(clip: Clip, video: VideoState, request: OutputRequest): string | undefined {
  return segmentBlocker(clip, request) ?? sourceBlocker(clip, video, request) ?? settingsBlocker(video, request);
}

/** A copied picture has the key frames of its source, which seldom stand where segments are to end. */
function segmentBlocker({ window }: Clip, { container, ladder, video }: OutputRequest): string | undefined {
  if (container !== 'cmaf') return undefined;
  if (ladder === true) return 'renditions must be cut at the same frames';
  if (video.codec !== 'copy') return 'segments need key frames at fixed moments';
  return window === undefined ? undefined : 'segments cannot leave out what lies before a cut';
}

/** AVI says when a frame is decoded and not when it is shown: copied elsewhere, its frames would come out of order. */
function sourceBlocker({ probe }: Clip, { stream }: VideoState, { container }: OutputRequest): string | undefined {
  if (probe.format === 'avi' && stream.hasBFrames > 0) return 'AVI does not say when its frames are shown';
  const plain = stream.rotation === 0 && stream.warped !== true;
  return plain || container === 'mp4' || container === 'mov' || container === 'cmaf'
    ? undefined
    : `${container} cannot say that the picture is turned`;
}

function settingsBlocker(video: VideoState, { video: wanted, container }: OutputRequest): string | undefined {
  const { stream } = video;
  const { codec } = wanted;
  if (codec !== undefined && codec !== 'copy' && codec !== 'none' && codec !== stream.codec)
    return `${codec} is wanted and the source is ${stream.codec}`;
  if (!takesVideo(container, stream.codec)) return `${stream.codec} is no codec for ${containerName(container)}`;
  for (const field of ['quality', 'bitrate', 'maxBitrate', 'targetSize', 'keyframeInterval'] as const) {
    if (wanted[field] !== undefined) return `video.${field} is set`;
  }
  if (
    wanted.fps !== undefined &&
    (video.variable || Math.abs(ratio(frameRateOf(wanted.fps)) - ratio(video.frameRate)) > 0.01)
  ) {
    return `${wanted.fps} frames per second are wanted`;
  }
  if (wanted.bitDepth !== undefined && wanted.bitDepth !== stream.bitDepth) return `${wanted.bitDepth} bits are wanted`;
  if (wanted.hdr === 'tonemap' && video.dynamicRange !== 'sdr') return 'tone mapping is wanted';
  if (wanted.resolution !== undefined) {
    const { width, height } = outputSize(video, wanted.resolution);
    if (width !== video.width || height !== video.height) return `${width}x${height} is wanted`;
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

/** Why the sound must be encoded again; `undefined` when all its tracks can be copied as they are. */
export function audioCopyBlocker(
  timeline: Timeline,
  audio: AudioState,
  { audio: wanted, container }: OutputRequest,
  force: boolean,
): string | undefined {
  const { clip } = timeline;
  const last = audio.changes.at(-1);
  if (clip === undefined || audio.pad !== undefined)
    return last === undefined ? 'the sound was changed' : `${last} changes the sound`;
  const { codec } = wanted;
  const { stream } = audio;
  if (force && codec !== 'copy') return 'transcode.force asks for it';
  if (codec !== undefined && codec !== 'copy' && codec !== 'none' && codec !== stream.codec)
    return `${codec} is wanted and the source is ${stream.codec}`;
  if (!takesAudio(container, stream.codec)) return `${stream.codec} is no codec for ${containerName(container)}`;
  if (wanted.bitrate !== undefined) return 'audio.bitrate is set';
  if (wanted.loudness !== undefined) return 'audio.loudness is set';
  if (wanted.channels !== undefined && wanted.channels !== stream.channels)
    return `${wanted.channels} channels are wanted`;
  if (wanted.sampleRate !== undefined && wanted.sampleRate !== stream.sampleRate)
    return `${wanted.sampleRate} Hz are wanted`;
  if (clip.window?.exactStart === true || clip.window?.exactEnd === true)
    return 'packets of sound do not end where the cut is';
  return undefined;
}

/** As many files of sound as one set of segments gets. */
const mostSegmentedTracks = 16;

/** The audio tracks of a clip that fit into a container by copy. */
export function copyableTracks({ probe }: Clip, container: FileContainer): readonly AudioStream[] {
  const fitting = probe.audio.filter(({ codec }) => takesAudio(container, codec));
  return container === 'cmaf' ? fitting.slice(0, mostSegmentedTracks) : fitting;
}
