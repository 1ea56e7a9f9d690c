import type { ConditionType, Phase } from '../model/lifecycle.ts';
import type { Condition, RenderJobStatus } from '../model/render-job.ts';

type Verdict = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>;

const accepted: Verdict = {
  type: 'Accepted',
  status: 'True',
  reason: 'Accepted',
  message: 'The job is well-formed and will be carried out.',
};
const admitted: Verdict = {
  type: 'Admitted',
  status: 'True',
  reason: 'Admitted',
  message: 'A slot was given to the job.',
};
const notStarted: Verdict = {
  type: 'Running',
  status: 'False',
  reason: 'NotStarted',
  message: 'No worker runs for the job.',
};
const ended: Verdict = { type: 'Running', status: 'False', reason: 'Ended', message: 'The worker has ended.' };

/** The condition that a phase is about, and what goes with it. That one carries the reason and message of the status. */
const table: Readonly<
  Record<
    Phase,
    { readonly about: ConditionType; readonly is: Condition['status']; readonly others: readonly Verdict[] }
  >
> = {
  Queued: { about: 'Admitted', is: 'False', others: [accepted, notStarted] },
  Starting: { about: 'Running', is: 'False', others: [accepted, admitted] },
  Running: { about: 'Running', is: 'True', others: [accepted, admitted] },
  Succeeded: { about: 'Complete', is: 'True', others: [accepted, admitted, ended] },
  Failed: { about: 'Failed', is: 'True', others: [accepted, ended] },
  Cancelled: { about: 'Failed', is: 'True', others: [accepted, ended] },
};

/** The conditions that go with a status; each keeps its transition time for as long as its verdict stays. */
export function withConditions(status: RenderJobStatus, generation: number, now: number): RenderJobStatus {
  const conditions = new Map((status.conditions ?? []).map((condition) => [condition.type, condition]));
  const { about, is, others } = table[status.phase];
  for (const verdict of [...others, { type: about, status: is, reason: status.reason, message: status.message }]) {
    const known = conditions.get(verdict.type);
    const since = known?.status === verdict.status ? known.lastTransitionTime : new Date(now).toISOString();
    conditions.set(verdict.type, { ...verdict, lastTransitionTime: since, observedGeneration: generation });
  }
  return { ...status, observedGeneration: generation, conditions: [...conditions.values()] };
}
