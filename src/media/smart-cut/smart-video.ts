import { failure, type Result, success } from '../../lib/result.ts';
import type { Clip } from '../planning/clip.ts';
import type { OutputRequest } from '../planning/output-settings.ts';
import type { PlanBuilder } from '../planning/plan-builder.ts';
import type { VideoState } from '../planning/timeline.ts';
import { planSmartCut } from './cut-plan.ts';
import { reencodedTarget } from './reencoded-ends.ts';
import type { SmartVideo } from './smart-steps.ts';

/**
 * How the video of an output is made by a smart cut, or why it cannot be. For outputs that could be copied but for the
 * ends of the cut.
 */
export function smartVideo(
  builder: PlanBuilder,
  clip: Clip,
  state: VideoState,
  { name, container, video }: OutputRequest,
): Result<SmartVideo> {
  const { smartCutFailure, spec, scratchDir } = builder.request;
  const { renditions } = spec.output;
  if (smartCutFailure !== undefined) return failure(smartCutFailure);
  if (container === 'cmaf' || renditions !== undefined) return failure('renditions are made from one decode');
  const planned = planSmartCut(clip);
  if (!planned.ok) return planned;
  const cut = planned.value;
  const encodes = cut.head !== undefined || cut.tail !== undefined;
  if (encodes && video.codec === 'copy') return failure('its head and tail would have to be encoded');
  const { codec, bitDepth } = state.stream;
  if (encodes && spec.acceleration === 'Required' && codec === 'h264' && bitDepth > 8)
    return failure('no GPU encodes h264 of 10 bits');
  return success({
    video: state,
    clip,
    cut,
    ...(encodes && { target: reencodedTarget(state, video.preset ?? 'balanced') }),
    base: `${scratchDir}/${name}-cut`,
  });
}
