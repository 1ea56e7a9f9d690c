import type { RenderJob } from '../../model/job/render-job.ts';
import type { StageRun } from '../../ports/stage-runner.ts';
import type { Policy } from './policy.ts';

/**
 * The instant (Unix milliseconds) at which the controller ends a run that its worker did not end in time;
 * `undefined` while it has not started.
 */
export function deadlineOf(job: RenderJob, run: StageRun, policy: Policy): number | undefined {
  if (run.state === 'waiting' || run.startedAt === undefined) return undefined;
  const seconds = (job.spec.timeoutSeconds ?? policy.timeoutSeconds) + policy.timeoutSlackSeconds;
  return run.startedAt + seconds * 1000;
}
