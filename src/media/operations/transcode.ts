import type { OperationParameters } from '../../model/job/operations.ts';
import { chain, type Filter, filter } from '../filters/graph.ts';
import { even } from '../filters/numbers.ts';
import { strongest } from '../gpu/gpu-filters.ts';
import type { OperationContext } from '../planning/plan-builder.ts';
import { planError } from '../planning/plan-error.ts';
import { type Timeline, type VideoState, withVideo } from '../planning/timeline.ts';

type Parameters = OperationParameters['transcode'];

/** Corrections of the video. The encode itself belongs to the output; `deinterlace` acts where the file is decoded. */
export function transcode(timeline: Timeline, parameters: Parameters, context: OperationContext): Timeline {
  const { builder, path } = context;
  if (parameters.force === true) builder.force = true;
  const steps = [
    ...turned(parameters.rotate),
    ...(parameters.crop === undefined ? [] : [cropped(parameters.crop, path)]),
    ...retouched(parameters),
  ];
  const always = parameters.deinterlace === 'always';
  if (steps.length === 0 && !always) return timeline;
  const { video, pad } = builder.video(timeline, path);
  builder.addPlacement(
    'transcode',
    'cpu',
    always ? 'deinterlacing needs decoded frames' : 'rotating, cropping and retouching need decoded frames',
  );
  let now: VideoState = { ...video, pad };
  for (const step of steps) now = step(now);
  return { ...timeline, video: withVideo(now, now.pad ?? pad, 'transcode') };
}

type Step = (video: VideoState) => VideoState;

function turned(rotate: Parameters['rotate']): Step[] {
  if (rotate === undefined || rotate === 0) return [];
  if (rotate === 180) return [apply(filter('hflip'), filter('vflip'))];
  const turn = filter('transpose', { dir: rotate === 90 ? 'clock' : 'cclock' });
  return [(video) => ({ ...apply(turn)(video), width: video.height, height: video.width })];
}

function cropped({ x, y, width, height }: NonNullable<Parameters['crop']>, path: string): Step {
  return (video) => {
    const left = Math.floor(x / 2) * 2;
    const top = Math.floor(y / 2) * 2;
    if (x + width > video.width || y + height > video.height) {
      throw planError(
        'SPEC_INVALID',
        `${path}.crop`,
        `expected a part of the frame of ${video.width}x${video.height}, got ${width}x${height} at ${x},${y}`,
      );
    }
    const size = {
      width: Math.min(even(width), video.width - left),
      height: Math.min(even(height), video.height - top),
    };
    return { ...apply(filter('crop', { w: size.width, h: size.height, x: left, y: top }))(video), ...size };
  };
}

function retouched({ denoise = 0, sharpen = 0 }: Parameters): Step[] {
  return [
    ...(denoise > 0 ? [apply(filter('hqdn3d', { luma_spatial: (denoise / 100) * strongest.denoise }))] : []),
    ...(sharpen > 0
      ? [
          apply(
            filter('unsharp', { luma_msize_x: 5, luma_msize_y: 5, luma_amount: (sharpen / 100) * strongest.sharpen }),
          ),
        ]
      : []),
  ];
}

function apply(...filters: readonly Filter[]): Step {
  return (video) => (video.pad === undefined ? video : { ...video, pad: chain(video.pad, ...filters) });
}
