import type { RenderJob } from '../model/render-job.ts';
import type { Policy } from './policy.ts';

/** The instant (Unix milliseconds) at which a finished job and its files are removed. */
export function expiryOf(job: RenderJob, policy: Policy): number | undefined {
  const finished = job.status?.finishedAt;
  if (finished === undefined) return undefined;
  return Date.parse(finished) + (job.spec.ttlSecondsAfterFinished ?? policy.ttlSecondsAfterFinished) * 1000;
}
