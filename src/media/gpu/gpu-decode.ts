import type { Timeline } from '../planning/timeline.ts';
import type { VideoStream } from '../probe/probe.ts';

/** Codecs that Quick Sync decodes in 4:2:0, and the most bits per sample of each. */
const decodable: Readonly<Record<string, 8 | 10>> = { h264: 8, hevc: 10, av1: 10, vp9: 10, mpeg2video: 8 };

/** Why a stream is decoded by the CPU; `undefined` where every Intel GPU with a decoder for its codec decodes it. */
export function cpuDecodeReason({ codec, pixelFormat, bitDepth, warped }: VideoStream): string | undefined {
  if (warped === true) return 'the video is mirrored, or rotated by an odd angle, in main memory';
  const most = Object.hasOwn(decodable, codec) ? decodable[codec] : undefined;
  const planar = /^(yuvj?420p|nv12|p010|yuv420p10)/.test(pixelFormat);
  return most !== undefined && planar && bitDepth <= most
    ? undefined
    : `${codec} in ${pixelFormat} is decoded by the CPU`;
}

/** Why the video of a timeline cannot come from the GPU's decoder; `undefined` when it can. */
export function cpuVideoReason({ video }: Timeline): string | undefined {
  return video && cpuDecodeReason(video.stream);
}
