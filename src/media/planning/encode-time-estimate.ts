import type { EncoderBackend } from '../../model/status/result.ts';
import type { SmartVideo } from '../smart-cut/smart-steps.ts';
import type { OutputStreams } from './output-streams.ts';
import type { PlanBuilder } from './plan-builder.ts';
import type { Timeline } from './timeline.ts';

/** Frames of 1920x1080 that one core encodes or filters in a second; orders of magnitude for an estimate before the start. */
const encodeRates = { h264: 22, hevc: 6, av1: 14, vp9: 9 } as const;
const filterRates: Readonly<Record<string, number>> = {
  blur: 115,
  subtitle: 70,
  watermark: 60,
  transcode: 60,
  merge: 60,
  tonemap: 8,
};
/** How much faster a GPU backend is than one core, where nothing was measured on this machine. */
const gpuGain = 10;
const fullHd = 1920 * 1080;
/** Seconds of the process itself, and of copying a second of media. */
const startSeconds = 0.3;
const copySeconds = 0.002;

/** Seconds that a plan is expected to run, from the size of its frames and the operations. */
export function encodeSeconds(
  builder: PlanBuilder,
  timeline: Timeline,
  outputs: readonly OutputStreams[],
  backend: EncoderBackend,
): number {
  const { cpus } = builder.request.capabilities;
  const copied = startSeconds + timeline.duration * copySeconds;
  const { video } = timeline;
  if (video === undefined) return copied + timeline.duration * 0.02;
  const fps = video.frameRate.num / video.frameRate.den;
  const frames = timeline.duration * fps;
  const cores = Math.max(1, cpus);
  const filters = new Set(builder.placements.filter(({ runsOn }) => runsOn === 'cpu').map(({ what }) => what));
  const filtering = [...filters].reduce(
    (seconds, what) => seconds + (frames * video.width * video.height) / fullHd / (filterRates[what] ?? 200),
    0,
  );
  const encoding = outputs.reduce((seconds, { video: part }) => {
    const target = part.how === 'encode' ? part.target : part.how === 'copy' ? part.smart?.target : undefined;
    if (target === undefined) return seconds;
    const { width, height, codec, preset, rate } = target;
    const pace = preset === 'performance' ? 2.5 : preset === 'quality' ? 0.5 : 1;
    const passes = rate.kind === 'bitrate' && rate.pass !== undefined ? 1.7 : 1;
    const speed = encodeRates[codec] * pace * (backend === 'software' ? 1 : gpuGain);
    const encoded = part.how === 'copy' ? encodedFrames(part.smart) : frames;
    return seconds + (encoded * passes * width * height) / fullHd / speed;
  }, 0);
  return Math.round((copied + (filtering + encoding) / cores) * 10) / 10;
}

/** Frames of a smart cut that are encoded. */
function encodedFrames(smart: SmartVideo | undefined): number {
  return (smart?.cut.head?.frames ?? 0) + (smart?.cut.tail?.frames ?? 0);
}
