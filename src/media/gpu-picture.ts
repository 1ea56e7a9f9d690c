import type { OutputStreams } from './output-streams.ts';
import type { Timeline } from './timeline.ts';

/** Codecs that Quick Sync decodes in 4:2:0. */
const decodable = ['h264', 'hevc', 'av1', 'vp9', 'mpeg2video'];

/** Why the picture must pass through the CPU before it is encoded; `undefined` when the GPU can do all of it. */
export function cpuPicture({ clip, video }: Timeline, outputs: readonly OutputStreams[]): string | undefined {
  const last = video?.changes.at(-1);
  if (clip === undefined || video === undefined || video.pad !== undefined)
    return `${last ?? 'the timeline'} works on the picture in main memory`;
  const { stream } = video;
  if (outputs.length > 1) return 'several outputs share one decode in main memory';
  if (clip.window !== undefined) return 'the cut is made in main memory';
  if (!decodable.includes(stream.codec)) return `${stream.codec} is decoded by the CPU`;
  if (!/^(yuvj?420p|nv12|p010|yuv420p10)/.test(stream.pixelFormat))
    return `${stream.pixelFormat} is decoded by the CPU`;
  // vpp_qsv rounds time stamps to the mean frame rate.
  if (video.variable) return 'frames of a variable rate are timed in main memory';
  if (stream.rotation !== 0) return 'the picture is turned in main memory';
  if (stream.interlaced) return 'the picture is deinterlaced in main memory';
  if (stream.width !== video.width || stream.height !== video.height)
    return 'the shape of the picture is corrected in main memory';
  for (const { video: part, request } of outputs) {
    const { resolution, fps } = request.video;
    if (resolution?.width !== undefined && resolution.height !== undefined && resolution.fit !== 'stretch')
      return 'bars or crop are made in main memory';
    if (fps !== undefined) return 'the frame rate is changed in main memory';
    if (part.how === 'encode' && part.target.dynamicRange !== video.dynamicRange)
      return 'tone mapping runs in main memory';
  }
  return undefined;
}
