import { stageName } from '../../../model/job/stage.ts';
import type { StageRun } from '../../../ports/stage-runner.ts';
import type { CachedStagePod } from './stage-objects.ts';
import { mayRun } from './stage-run.ts';

/** Whether a pod works on, or may begin to, though nothing will read what comes of it. */
export function isOrphan(pod: CachedStagePod): boolean {
  return pod.identity !== undefined && pod.phase !== 'Succeeded' && pod.phase !== 'Failed' && mayRun(pod);
}

/**
 * Runs of pods whose Job is gone, removed by hand or with its RenderJob. Such a pod renders on until it is ended too: for
 * as long its attempt is alive, and no other may begin.
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
