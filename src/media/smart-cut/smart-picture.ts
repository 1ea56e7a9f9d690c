import type { Clip } from '../clip.ts';
import type { Draft } from '../draft.ts';
import type { OutputRequest } from '../output-settings.ts';
import type { Picture } from '../timeline.ts';
import { planSmartCut } from './cut-plan.ts';
import { edgeTarget } from './edges.ts';
import type { SmartPicture } from './smart-steps.ts';

/**
 * How the picture of an output is cut by copying, or why it cannot be. Asked only where nothing but the ends of the cut
 * stands against a copy.
 */
export function smartPicture(
  draft: Draft,
  clip: Clip,
  picture: Picture,
  { name, container, video }: OutputRequest,
): SmartPicture | string {
  const { smartCutFailure, spec, scratchDir } = draft.request;
  const { renditions } = spec.output;
  if (smartCutFailure !== undefined) return smartCutFailure;
  if (container === 'cmaf' || renditions !== undefined) return 'renditions are made from one decode';
  if (video.codec === 'copy') return 'the ends of the cut would have to be encoded';
  const cut = planSmartCut(clip);
  if (typeof cut === 'string') return cut;
  const encodes = cut.head !== undefined || cut.tail !== undefined;
  return {
    picture,
    clip,
    cut,
    ...(encodes && { target: edgeTarget(picture, video.preset ?? 'balanced') }),
    base: `${scratchDir}/${name}-cut`,
  };
}
