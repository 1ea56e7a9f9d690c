import type { Clip } from '../planning/clip.ts';
import type { OutputRequest } from '../planning/output-settings.ts';
import type { PlanBuilder } from '../planning/plan-builder.ts';
import type { VideoState } from '../planning/timeline.ts';
import { planSmartCut } from './cut-plan.ts';
import { edgeTarget } from './reencoded-ends.ts';
import type { SmartVideo } from './smart-steps.ts';

/**
 * How the picture of an output is cut by copying, or why it cannot be. Asked only where nothing but the ends of the cut
 * stands against a copy.
 */
export function smartVideo(
  builder: PlanBuilder,
  clip: Clip,
  picture: VideoState,
  { name, container, video }: OutputRequest,
): SmartVideo | string {
  const { smartCutFailure, spec, scratchDir } = builder.request;
  const { renditions } = spec.output;
  if (smartCutFailure !== undefined) return smartCutFailure;
  if (container === 'cmaf' || renditions !== undefined) return 'renditions are made from one decode';
  const cut = planSmartCut(clip);
  if (typeof cut === 'string') return cut;
  const encodes = cut.head !== undefined || cut.tail !== undefined;
  if (encodes && video.codec === 'copy') return 'its ends would have to be encoded';
  const { codec, bitDepth } = picture.stream;
  if (encodes && spec.acceleration === 'Required' && codec === 'h264' && bitDepth > 8)
    return 'no GPU encodes h264 of 10 bits';
  return {
    video: picture,
    clip,
    cut,
    ...(encodes && { target: edgeTarget(picture, video.preset ?? 'balanced') }),
    base: `${scratchDir}/${name}-cut`,
  };
}
