import type { RenderJob } from '../../model/job/render-job.ts';
import { annotations } from '../../model/labels.ts';
import type { Policy } from './policy.ts';

/** The instant (Unix milliseconds) at which a finished job and its files are removed. */
export function expiryOf(job: RenderJob, policy: Policy): number | undefined {
  const finished = job.status?.finishedAt;
  if (finished === undefined) return undefined;
  return Date.parse(finished) + (job.spec.ttlSecondsAfterFinished ?? policy.ttlSecondsAfterFinished) * 1000;
}

/** The instant (Unix milliseconds) from which the record of a removed job goes, whatever of it is left elsewhere. */
export function cleanUpUntil(job: RenderJob, policy: Pick<Policy, 'cleanUpSeconds'>): number {
  if (leavesFiles(job)) return 0;
  return Date.parse(job.metadata.deletionTimestamp ?? '') + policy.cleanUpSeconds * 1000;
}

/** Someone decided that the job goes at once and its files stay. */
export function leavesFiles({ metadata }: RenderJob): boolean {
  return metadata.annotations?.[annotations.skipCleanUp] === 'true';
}
