import type { RenderJob } from '../../model/job/render-job.ts';
import { type StageIdentity, stagesOf } from '../../model/job/stage.ts';
import { isTerminal } from '../../model/status/lifecycle.ts';
import type { StageRun } from '../../ports/stage-runner.ts';

/**
 * Stages that have to be read past all caches before a decision, because the job and its runs contradict each other: one
 * of the two is outdated. A status names an attempt before its stage starts, so a run of a later attempt means that the
 * job is outdated; a started job without its run, that the runs may be. The removal of a job cannot be undone, so it is
 * always decided on fresh reads.
 */
export function stagesToRefresh(job: RenderJob, runs: readonly StageRun[]): readonly StageIdentity[] {
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
