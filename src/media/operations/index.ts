import type { TaggedOperation } from '../../model/job/operations.ts';
import type { OperationContext } from '../planning/plan-builder.ts';
import type { Timeline } from '../planning/timeline.ts';
import { addAudio } from './add-audio.ts';
import { blur } from './blur.ts';
import { merge } from './merge.ts';
import { mute } from './mute.ts';
import { normalizeLoudness } from './normalize-loudness.ts';
import { speedRamp } from './speed-ramp.ts';
import { subtitle } from './subtitle.ts';
import { thumbnail } from './thumbnail.ts';
import { transcode } from './transcode.ts';
import { trim } from './trim.ts';
import { watermark } from './watermark.ts';

/** Applies one operation to the timeline that the operations before it have left. */
export function applyOperation(
  timeline: Timeline,
  operation: TaggedOperation,
  at: Omit<OperationContext, 'path'>,
): Timeline {
  const context: OperationContext = { ...at, path: `spec.operations[${at.index}].${operation.type}` };
  switch (operation.type) {
    case 'transcode':
      return transcode(timeline, operation.parameters, context);
    case 'trim':
      return trim(timeline, operation.parameters, context);
    case 'merge':
      return merge(timeline, operation.parameters, context);
    case 'mute':
      return mute(timeline, operation.parameters, context);
    case 'addAudio':
      return addAudio(timeline, operation.parameters, context);
    case 'subtitle':
      return subtitle(timeline, operation.parameters, context);
    case 'blur':
      return blur(timeline, operation.parameters, context);
    case 'speedRamp':
      return speedRamp(timeline, operation.parameters, context);
    case 'watermark':
      return watermark(timeline, operation.parameters, context);
    case 'normalizeLoudness':
      return normalizeLoudness(timeline, operation.parameters, context);
    case 'thumbnail':
      return thumbnail(timeline, operation.parameters, context);
  }
}
