import { type Operation, operationType } from '../../model/job/operations.ts';
import type { Site } from '../planning/plan-builder.ts';
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
export function applyOperation(timeline: Timeline, operation: Operation, at: Omit<Site, 'path'>): Timeline {
  const site: Site = { ...at, path: `spec.operations[${at.index}].${operationType(operation)}` };
  if (operation.transcode !== undefined) return transcode(timeline, operation.transcode, site);
  if (operation.trim !== undefined) return trim(timeline, operation.trim, site);
  if (operation.merge !== undefined) return merge(timeline, operation.merge, site);
  if (operation.mute !== undefined) return mute(timeline, operation.mute, site);
  if (operation.addAudio !== undefined) return addAudio(timeline, operation.addAudio, site);
  if (operation.subtitle !== undefined) return subtitle(timeline, operation.subtitle, site);
  if (operation.blur !== undefined) return blur(timeline, operation.blur, site);
  if (operation.speedRamp !== undefined) return speedRamp(timeline, operation.speedRamp, site);
  if (operation.watermark !== undefined) return watermark(timeline, operation.watermark, site);
  if (operation.normalizeLoudness !== undefined) return normalizeLoudness(timeline, operation.normalizeLoudness, site);
  if (operation.thumbnail !== undefined) return thumbnail(timeline, operation.thumbnail, site);
  return timeline;
}
