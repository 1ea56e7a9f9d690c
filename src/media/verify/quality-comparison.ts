import type { VideoTarget } from '../encoders/video-target.ts';
import { chain, type Filter, filter, join, type Pad } from '../filters/graph.ts';
import { fraction } from '../filters/numbers.ts';
import { commandLine, nullOutput } from '../outputs/command.ts';
import { finishVideo } from '../outputs/video-output.ts';
import type { OutputRequest } from '../planning/output-settings.ts';
import type { VideoPart } from '../planning/output-streams.ts';
import type { PlannedOutput } from '../planning/plan.ts';
import type { PlanBuilder } from '../planning/plan-builder.ts';
import { scale } from '../planning/resolution.ts';
import { pixelFormat, videoPad } from '../planning/source.ts';

/** The floors of a contract and the filters that measure them. */
const floors = [
  { field: 'minSsim', name: 'ssim' },
  {
    field: 'minXpsnr',
    name: 'xpsnr',
    remedy: 'Use FFmpeg 7.1 or later, which has the filter xpsnr, or ask for output.contract.minSsim instead.',
  },
] as const;

/** Whether outputs are compared with what the encoder was given. */
export function hasFloor({ request: { spec } }: PlanBuilder): boolean {
  return floors.some(({ field }) => spec.output.contract?.[field] !== undefined);
}

/**
 * The process that compares a finished output with what the encoder was given: the source through the same filters, made
 * in main memory whatever the backend was. Frames are compared in their order, since containers round time stamps.
 * `undefined` without a floor in the contract or without a video.
 *
 * @throws CodedError CAPABILITY_MISSING when this FFmpeg lacks a filter, before anything is encoded.
 */
export function qualityComparison(
  builder: PlanBuilder,
  video: VideoPart,
  request: OutputRequest,
  path: string,
): PlannedOutput['comparison'] {
  const { contract = {} } = builder.request.spec.output;
  const wanted = floors.filter(({ field }) => contract[field] !== undefined);
  if (wanted.length === 0 || video.how === 'none') return undefined;
  const compared = comparedVideo(builder, video, request);
  if (compared === undefined) return { how: 'copied' };
  for (const floor of wanted) {
    builder.needFilter(floor.name, `spec.output.contract.${floor.field}`, 'remedy' in floor ? floor.remedy : undefined);
  }
  const output: Pad = {
    from: 'stream',
    medium: 'video',
    input: { path, options: ['-protocol_whitelist', 'file'], instance: -1 },
    stream: 0,
  };
  const { target, shape } = compared;
  const measured = numbered(chain(output, ...shape), target);
  const reference = numbered(compared.reference, target);
  const argv = commandLine([
    {
      streams: wanted.map(({ name }) => join('video', [measured, reference], filter(name, { shortest: 1 }))),
      args: ['-fps_mode', 'passthrough', '-f', 'null'],
      path: nullOutput,
    },
  ]);
  return { how: 'measured', argv };
}

interface ComparedVideo {
  /** What the output should look like. */
  readonly reference: Pad;
  readonly target: Pick<VideoTarget, 'frameRate' | 'bitDepth'>;
  /** Filters that bring the output to the shape of the reference, where it was copied in another. */
  readonly shape: readonly Filter[];
}

/** `undefined` where every packet of the video is one of the source. */
function comparedVideo(
  builder: PlanBuilder,
  video: Exclude<VideoPart, { how: 'none' }>,
  request: OutputRequest,
): ComparedVideo | undefined {
  if (video.how === 'encode') {
    const { pad, video: state, target } = video;
    return { reference: finishVideo(builder, pad, state, target, request), target, shape: [] };
  }
  // A smart cut is compared as a whole.
  if (video.smart?.target === undefined) return undefined;
  const { clip, video: state, target } = video.smart;
  const { width, height } = state;
  return { reference: videoPad(clip, state, 'never'), target, shape: [scale({ width, height })] };
}

/** Frames by their number. `xpsnr` divides by the frame rate, which `setpts` drops in FFmpeg 7 and `fps` sets again. */
function numbered(pad: Pad, { frameRate, bitDepth }: ComparedVideo['target']): Pad {
  return chain(
    pad,
    filter('settb', { expr: `${frameRate.den}/${frameRate.num}` }),
    filter('setpts', { expr: 'N' }),
    filter('fps', { fps: fraction(frameRate) }),
    filter('format', { pix_fmts: pixelFormat(bitDepth) }),
  );
}
