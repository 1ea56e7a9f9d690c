import type { AudioOutput, Output, VideoOutput } from '../../model/job/output.ts';
import { bitsPerSecond } from '../../model/job/primitives.ts';
import { containerOfFile, extensionOf, type FileContainer } from '../probe/containers.ts';
import type { Probe } from '../probe/probe.ts';

/** One output of the job with all its settings. */
export interface OutputRequest {
  readonly name: string;
  readonly container: FileContainer;
  readonly video: VideoOutput;
  readonly audio: AudioOutput;
  /** Path of a setting in the spec: `spec.output.video`, `spec.output.renditions[1].video`. */
  readonly videoPath: string;
  readonly audioPath: string;
  /** One of several renditions that are cut into segments at the same times. */
  readonly ladder?: boolean;
}

/** The outputs of a job: its renditions where there are any, else `main`. */
export function outputRequests(output: Output, first: Probe): OutputRequest[] {
  const container = fileContainer(output, first);
  const base = { container, video: output.video ?? {}, audio: output.audio ?? {} };
  if (output.renditions === undefined) {
    return [{ ...base, name: 'main', videoPath: 'spec.output.video', audioPath: 'spec.output.audio' }];
  }
  const ladder = container === 'cmaf' && output.renditions.length > 1;
  return output.renditions.map((rendition, index) => ({
    name: rendition.name,
    container,
    ...(ladder && { ladder }),
    video: mergedVideo(base.video, rendition.video),
    audio: { ...base.audio, ...rendition.audio },
    videoPath: rendition.video === undefined ? 'spec.output.video' : `spec.output.renditions[${index}].video`,
    audioPath: rendition.audio === undefined ? 'spec.output.audio' : `spec.output.renditions[${index}].audio`,
  }));
}

function fileContainer({ container }: Output, first: Probe): FileContainer {
  if (container === 'hls' || container === 'dash') return 'cmaf';
  return container ?? containerOfFile(first);
}

/** A rendition that sets one rate control replaces those of the base: they exclude each other. */
function mergedVideo(base: VideoOutput, own: VideoOutput | undefined): VideoOutput {
  if (own === undefined) return base;
  const { quality, bitrate, targetSize, maxBitrate, ...rest } = base;
  const named = own.quality !== undefined || own.bitrate !== undefined || own.targetSize !== undefined;
  const rate = {
    ...(quality !== undefined && { quality }),
    ...(bitrate !== undefined && { bitrate }),
    ...(targetSize !== undefined && { targetSize }),
    ...(maxBitrate !== undefined && { maxBitrate }),
  };
  return { ...rest, ...(named ? {} : rate), ...own };
}

/** Audio bit rate in bits per second; 64 kbit/s per channel where the output sets none. */
export function audioBitrate({ bitrate }: AudioOutput, channels: number): number {
  return bitrate === undefined ? Math.min(512_000, Math.max(96_000, channels * 64_000)) : bitsPerSecond(bitrate);
}

export function fileName(name: string, container: FileContainer, hasVideo: boolean): string {
  return `${name}.${extensionOf(container, hasVideo)}`;
}
