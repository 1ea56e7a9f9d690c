import type { RenderJob } from '../../model/job/render-job.ts';
import { annotations } from '../../model/labels.ts';
import type { Policy } from './policy.ts';

/** The instant (Unix milliseconds) at which a finished job and its files are removed. */
export function expiryOf(job: RenderJob, policy: Policy): number | undefined {
  const finished = job.status?.finishedAt;
  if (finished === undefined) return undefined;
  return Date.parse(finished) + (job.spec.ttlSecondsAfterFinished ?? policy.ttlSecondsAfterFinished) * 1000;
}

/** The instant (Unix milliseconds) from which the record of a removed job is removed even if its clean-up failed. */
export function cleanUpDeadline(job: RenderJob, policy: Pick<Policy, 'cleanUpSeconds'>): number {
  if (skipsCleanUp(job)) return 0;
  return Date.parse(job.metadata.deletionTimestamp ?? '') + policy.cleanUpSeconds * 1000;
}

/** Whether an administrator chose to remove the record immediately and to leave the files. */
export function skipsCleanUp({ metadata }: RenderJob): boolean {
  return metadata.annotations?.[annotations.skipCleanUp] === 'true';
}
