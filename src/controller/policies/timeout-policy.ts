import type { RenderJob } from '../../model/job/render-job.ts';
import type { LiveRun } from '../../ports/stage-runner.ts';
import type { Policy } from './policy.ts';

/**
 * The instant (Unix milliseconds) at which the controller stops a run that its worker did not end in time; `undefined`
 * while it has not started.
 */
export function deadlineOf(job: RenderJob, run: LiveRun, policy: Policy): number | undefined {
  if (run.state === 'waiting') return undefined;
  const seconds = (job.spec.timeoutSeconds ?? policy.timeoutSeconds) + policy.timeoutSlackSeconds;
  return run.startedAt + seconds * 1000;
}
