import type { OperationParameters } from '../../model/job/operations.ts';
import { chain, filter, generate, join, type Pad } from '../filters/graph.ts';
import { clamp } from '../filters/numbers.ts';
import type { OperationContext } from '../planning/plan-builder.ts';
import { planError } from '../planning/plan-error.ts';
import { pixelFormat } from '../planning/source.ts';
import { duringWindow, type Timeline, type VideoState, withVideo } from '../planning/timeline.ts';

type Parameters = OperationParameters['blur'];
type Region = Parameters['regions'][number];

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Blurs regions: each is cut out, blurred and laid back during its time. All regions are in one graph. */
export function blur(
  timeline: Timeline,
  { regions, unit = 'pixels' }: Parameters,
  { builder, path }: OperationContext,
): Timeline {
  const { video, pad } = builder.video(timeline, path);
  builder.addPlacement(
    'blur',
    'cpu',
    'regions with a time are blurred in main memory: GPU filters have no time window',
  );
  let now = pad;
  for (const [index, region] of regions.entries()) {
    const at = `${path}.regions[${index}]`;
    if (region.start !== undefined && region.start >= timeline.duration) {
      throw planError(
        'SPEC_INVALID',
        `${at}.start`,
        `expected a moment before the end at ${timeline.duration.toFixed(3)} s, got ${region.start} s`,
      );
    }
    now = blurred(now, video, region, boxOf(region, video, unit, at));
  }
  return { ...timeline, video: withVideo(video, now, 'blur') };
}

/** The region in pixels, clamped to the frame and widened to even coordinates, as 4:2:0 needs them. */
function boxOf(region: Region, video: VideoState, unit: 'pixels' | 'percent', path: string): Box {
  const across = unit === 'percent' ? video.width / 100 : 1;
  const down = unit === 'percent' ? video.height / 100 : 1;
  const left = region.x * across;
  const top = region.y * down;
  if (left >= video.width || top >= video.height) {
    const at = `${region.x},${region.y}${unit === 'percent' ? ' percent' : ''}`;
    throw planError(
      'SPEC_INVALID',
      path,
      `expected a region within the frame of ${video.width}x${video.height}, got ${at}`,
    );
  }
  const x = Math.floor(left / 2) * 2;
  const y = Math.floor(top / 2) * 2;
  const right = clamp(Math.ceil((left + region.width * across) / 2) * 2, x + 2, video.width);
  const bottom = clamp(Math.ceil((top + region.height * down) / 2) * 2, y + 2, video.height);
  return { x, y, width: right - x, height: bottom - y };
}

function blurred(pad: Pad, video: VideoState, region: Region, box: Box): Pad {
  const cut = chain(pad, filter('crop', { w: box.width, h: box.height, x: box.x, y: box.y }));
  const soft = chain(cut, filter('gblur', { sigma: sigmaOf(region.strength ?? 50, video), steps: 3 }));
  const patch =
    region.shape === 'ellipse' ? join('video', [cut, soft, ellipse(box, video)], filter('maskedmerge')) : soft;
  return join(
    'video',
    [pad, patch],
    filter('overlay', {
      x: box.x,
      y: box.y,
      format: video.bitDepth === 10 ? 'yuv420p10' : 'yuv420',
      eof_action: 'pass',
      enable: duringWindow(video, region.start, region.end),
    }),
  );
}

/** Strength follows the height of the frame, so that a job blurs the same at every size: 50 hides text of a tenth of it. */
function sigmaOf(strength: number, { height }: VideoState): number {
  return clamp((strength / 50) * height * 0.025, 1, 1024);
}

/** One frame that is white inside the ellipse of a box; the merge repeats it. */
function ellipse({ width, height }: Box, { bitDepth }: VideoState): Pad {
  const white = bitDepth === 10 ? 1023 : 255;
  // W and H are those of the plane, so one expression serves luma and chroma.
  const inside = `${white}*lte(hypot((X+0.5-W/2)/(W/2),(Y+0.5-H/2)/(H/2)),1)`;
  return generate(
    'video',
    filter('color', { color: 'black', size: `${width}x${height}`, rate: 1, duration: 1 }),
    filter('format', { pix_fmts: pixelFormat(bitDepth) }),
    filter('geq', { lum: inside, cb: inside, cr: inside }),
    filter('trim', { end_frame: 1 }),
  );
}
