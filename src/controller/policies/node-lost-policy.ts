import { endedRun, isLive, type StageRun } from '../../ports/stage-runner.ts';
import type { Policy } from './policy.ts';

type NodeLostPolicy = Pick<Policy, 'nodeSilenceSeconds'>;

/** When a run that was asked to end counts as lost with its node, in Unix milliseconds. */
export function lostDeadline(run: StageRun, policy: NodeLostPolicy): number | undefined {
  if (!isLive(run) || run.dueToEndAt === undefined) return undefined;
  return run.dueToEndAt + policy.nodeSilenceSeconds * 1000;
}

/**
 * The runs, with those as lost whose node has not reported for too long. A worker that still runs there writes under the
 * keys of its own attempt, so that a further attempt is safe.
 */
export function withLostRuns(runs: readonly StageRun[], now: number, policy: NodeLostPolicy): StageRun[] {
  return runs.map((run) => {
    const deadline = lostDeadline(run, policy);
    if (!isLive(run) || deadline === undefined || now < deadline) return run;
    const node = run.node ?? 'its node';
    const message = `The pod was due to end ${policy.nodeSilenceSeconds} s ago and ${node} has not reported its end.`;
    return endedRun(run, { state: 'lost', infrastructure: true, message }, deadline);
  });
}
