import { type Operation, operationType } from '../../model/operations.ts';
import type { Site } from '../draft.ts';
import { refusal } from '../refusal.ts';
import type { Timeline } from '../timeline.ts';
import { transcode } from './transcode.ts';
import { trim } from './trim.ts';

/** Applies one operation to the timeline that the operations before it have left. */
export function applyOperation(timeline: Timeline, operation: Operation, at: Omit<Site, 'path'>): Timeline {
  const type = operationType(operation);
  const site: Site = { ...at, path: `spec.operations[${at.index}].${type}` };
  if (operation.transcode !== undefined) return transcode(timeline, operation.transcode, site);
  if (operation.trim !== undefined) return trim(timeline, operation.trim, site);
  throw refusal('UNSUPPORTED', site.path, `this version does not make ${type}`);
}
