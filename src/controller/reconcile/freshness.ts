import type { RenderJob } from '../../model/job/render-job.ts';
import { type StageIdentity, stagesOf } from '../../model/job/stage.ts';
import { isTerminal } from '../../model/status/lifecycle.ts';
import type { StageRun } from '../../ports/stage-runner.ts';

/**
 * Stages that have to be read past all caches before anything is decided, because job and runs do not fit each other:
 * one of the two is known later than the other. An attempt is on record before its stage starts, so a run of a later one
 * means that the job is behind; a started job without its run, that the runs may be. What is done about a removed job
 * cannot be undone, so it is done on what is certain.
 */
export function doubtful(job: RenderJob, runs: readonly StageRun[]): readonly StageIdentity[] {
  const { metadata, status } = job;
  const attempt = status?.attempt ?? 1;
  const started = status !== undefined && status.phase !== 'Queued' && !isTerminal(status.phase);
  const removing = metadata.deletionTimestamp !== undefined;
  const known = runs.some(({ identity }) => identity.attempt === attempt);
  const behind = runs.some(({ identity }) => identity.attempt > attempt);
  if (!behind && (known || !(started || removing))) return [];
  const { namespace, name, uid } = metadata;
  return stagesOf(job).map((stage) => ({ namespace, name, uid, attempt, stage }));
}
