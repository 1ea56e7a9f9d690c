import { type Operation, taggedOperation } from '../../model/job/operations.ts';
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
  const tagged = taggedOperation(operation);
  const context: OperationContext = { ...at, path: `spec.operations[${at.index}].${tagged.type}` };
  switch (tagged.type) {
    case 'transcode':
      return transcode(timeline, tagged.parameters, context);
    case 'trim':
      return trim(timeline, tagged.parameters, context);
    case 'merge':
      return merge(timeline, tagged.parameters, context);
    case 'mute':
      return mute(timeline, tagged.parameters, context);
    case 'addAudio':
      return addAudio(timeline, tagged.parameters, context);
    case 'subtitle':
      return subtitle(timeline, tagged.parameters, context);
    case 'blur':
      return blur(timeline, tagged.parameters, context);
    case 'speedRamp':
      return speedRamp(timeline, tagged.parameters, context);
    case 'watermark':
      return watermark(timeline, tagged.parameters, context);
    case 'normalizeLoudness':
      return normalizeLoudness(timeline, tagged.parameters, context);
    case 'thumbnail':
      return thumbnail(timeline, tagged.parameters, context);
  }
}
