import { stageName } from '../../../model/job/stage.ts';
import type { StageRun } from '../../../ports/stage-runner.ts';
import type { CachedStagePod } from './stage-objects.ts';
import { canStillRun } from './stage-run.ts';

/** Whether a pod without a Job runs or can still start. */
export function isOrphan(pod: CachedStagePod): boolean {
  return pod.identity !== undefined && pod.phase !== 'Succeeded' && pod.phase !== 'Failed' && canStillRun(pod);
}

/**
 * Runs of pods whose Job was deleted, by hand or with its RenderJob. Such a pod renders until it is deleted too: until then
 * its attempt is live, and no other may start.
 *
 * @param pods of one RenderJob, whose Jobs do not exist
 */
export function orphanRuns(pods: readonly CachedStagePod[]): StageRun[] {
  return pods.filter(isOrphan).flatMap(({ identity, node, runningSince, metadata }): StageRun[] => {
    if (identity === undefined) return [];
    const where = node === undefined ? {} : { node };
    const due = metadata.deletionTimestamp === undefined ? {} : { dueToEndAt: Date.parse(metadata.deletionTimestamp) };
    const known = { identity, jobName: stageName(identity), podName: metadata.name, ...where, ...due };
    return runningSince === undefined
      ? [{ ...known, state: 'waiting', waitingFor: { cause: 'Starting', message: 'Its pod is being started.' } }]
      : [{ ...known, state: 'running', startedAt: runningSince }];
  });
}
