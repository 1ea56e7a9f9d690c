import { cutToBytes } from '../../lib/text.ts';
import { bounds } from '../../model/job/bounds.ts';
import type { Condition, RenderJobStatus } from '../../model/job/render-job.ts';
import { type ConditionType, conditionTypes, type Phase, type Reason } from '../../model/status/lifecycle.ts';

type Verdict = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>;

const accepted: Verdict = {
  type: 'Accepted',
  status: 'True',
  reason: 'Accepted',
  message: 'The job is well-formed and will be carried out.',
};
const notStarted: Verdict = {
  type: 'Running',
  status: 'False',
  reason: 'NotStarted',
  message: 'No worker runs for the job.',
};
const ended: Verdict = { type: 'Running', status: 'False', reason: 'Ended', message: 'The worker has ended.' };

/** What a job asks for that this installation does not have. */
const notAccepted: ReadonlySet<Reason> = new Set(['NoSuchPool', 'QueueNotConfigured']);

/** The condition that a phase is about. It carries the reason and message of the status. */
const abouts: Readonly<Record<Phase, { readonly type: ConditionType; readonly status: Condition['status'] }>> = {
  Queued: { type: 'Admitted', status: 'False' },
  Starting: { type: 'Running', status: 'False' },
  Running: { type: 'Running', status: 'True' },
  Succeeded: { type: 'Complete', status: 'True' },
  Failed: { type: 'Failed', status: 'True' },
  Cancelled: { type: 'Failed', status: 'True' },
};

/** The conditions that go with a status; each keeps its transition time for as long as its verdict stays. */
export function withConditions(status: RenderJobStatus, generation: number, now: number): RenderJobStatus {
  const conditions = new Map((status.conditions ?? []).map((condition) => [condition.type, condition]));
  const said = { reason: status.reason, message: status.message };
  const about = { ...abouts[status.phase], ...said };
  for (const verdict of [...others(status), about]) {
    const known = conditions.get(verdict.type);
    const since = known?.status === verdict.status ? known.lastTransitionTime : new Date(now).toISOString();
    const message = cutToBytes(verdict.message, bounds.message);
    conditions.set(verdict.type, { ...verdict, message, lastTransitionTime: since, observedGeneration: generation });
  }
  // In the order of a job's life, in which people read them.
  return {
    ...status,
    observedGeneration: generation,
    conditions: conditionTypes.flatMap((type) => conditions.get(type) ?? []),
  };
}

function others(status: RenderJobStatus): Verdict[] {
  switch (status.phase) {
    case 'Queued':
      if (!notAccepted.has(status.reason)) return [accepted, notStarted];
      return [{ ...accepted, status: 'False', reason: status.reason, message: status.message }, notStarted];
    case 'Starting':
    case 'Running':
      return [accepted, admitted(status)];
    case 'Succeeded':
      return [accepted, admitted(status), ended];
    case 'Failed':
    case 'Cancelled':
      return [accepted, ended];
  }
}

function admitted({ attempt, attempts = [] }: RenderJobStatus): Verdict {
  const pool = attempts.find(({ number }) => number === attempt)?.pool;
  const message = pool === undefined ? 'A slot was given to the job.' : `The job has a slot of pool ${pool}.`;
  return { type: 'Admitted', status: 'True', reason: 'Admitted', message };
}
