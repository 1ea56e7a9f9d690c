import { type Operation, operationType } from '../../model/job/operations.ts';
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
export function applyOperation(timeline: Timeline, operation: Operation, at: Omit<OperationContext, 'path'>): Timeline {
  const context: OperationContext = { ...at, path: `spec.operations[${at.index}].${operationType(operation)}` };
  if (operation.transcode !== undefined) return transcode(timeline, operation.transcode, context);
  if (operation.trim !== undefined) return trim(timeline, operation.trim, context);
  if (operation.merge !== undefined) return merge(timeline, operation.merge, context);
  if (operation.mute !== undefined) return mute(timeline, operation.mute, context);
  if (operation.addAudio !== undefined) return addAudio(timeline, operation.addAudio, context);
  if (operation.subtitle !== undefined) return subtitle(timeline, operation.subtitle, context);
  if (operation.blur !== undefined) return blur(timeline, operation.blur, context);
  if (operation.speedRamp !== undefined) return speedRamp(timeline, operation.speedRamp, context);
  if (operation.watermark !== undefined) return watermark(timeline, operation.watermark, context);
  if (operation.normalizeLoudness !== undefined)
    return normalizeLoudness(timeline, operation.normalizeLoudness, context);
  if (operation.thumbnail !== undefined) return thumbnail(timeline, operation.thumbnail, context);
  return timeline;
}
