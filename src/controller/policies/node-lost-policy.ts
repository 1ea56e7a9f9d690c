import { endedRun, isLive, type StageRun } from '../../ports/stage-runner.ts';
import type { Policy } from './policy.ts';

type SilencePolicy = Pick<Policy, 'nodeSilenceSeconds'>;

/** When a run that was asked to end is taken for lost, in Unix milliseconds: its node says nothing any more. */
export function lostAt(run: StageRun, policy: SilencePolicy): number | undefined {
  if (!isLive(run) || run.dueToEndAt === undefined) return undefined;
  return run.dueToEndAt + policy.nodeSilenceSeconds * 1000;
}

/**
 * A run as it counts: one whose node has been silent for too long is lost. What may still write there writes under the
 * names of its own attempt, so that a further attempt is safe.
 */
export function asItCounts(run: StageRun, now: number, policy: SilencePolicy): StageRun {
  const at = lostAt(run, policy);
  if (!isLive(run) || at === undefined || now < at) return run;
  const where = run.node ?? 'its node';
  const message = `The pod should have ended ${policy.nodeSilenceSeconds} s ago and ${where} has not said that it did.`;
  return endedRun(run, { state: 'lost', infrastructure: true, message }, at);
}
