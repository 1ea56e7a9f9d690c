import { cutToBytes } from '../../lib/text.ts';
import { bounds } from '../../model/job/bounds.ts';
import type { Condition, RenderJobStatus } from '../../model/job/render-job.ts';
import { type ConditionType, conditionTypes, type Phase, type Reason } from '../../model/status/lifecycle.ts';

type ConditionState = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>;

const accepted: ConditionState = {
  type: 'Accepted',
  status: 'True',
  reason: 'Accepted',
  message: 'The job is valid and will be rendered.',
};
const notStarted: ConditionState = {
  type: 'Running',
  status: 'False',
  reason: 'NotStarted',
  message: 'No worker runs for the job.',
};
const ended: ConditionState = { type: 'Running', status: 'False', reason: 'Ended', message: 'The worker has ended.' };

/** Reasons for which the job is not accepted: it names what this installation does not have. */
const notAccepted: ReadonlySet<Reason> = new Set(['NoSuchPool', 'QueueNotConfigured']);

/** The condition that a phase sets. It has the reason and message of the status. */
const conditionByPhase: Readonly<
  Record<Phase, { readonly type: ConditionType; readonly status: Condition['status'] }>
> = {
  Queued: { type: 'Admitted', status: 'False' },
  Starting: { type: 'Running', status: 'False' },
  Running: { type: 'Running', status: 'True' },
  Succeeded: { type: 'Complete', status: 'True' },
  Failed: { type: 'Failed', status: 'True' },
  Cancelled: { type: 'Failed', status: 'True' },
};

/** The status with its conditions; each keeps its transition time while its status stays the same. */
export function withConditions(status: RenderJobStatus, generation: number, now: number): RenderJobStatus {
  const conditions = new Map((status.conditions ?? []).map((condition) => [condition.type, condition]));
  const condition = { ...conditionByPhase[status.phase], reason: status.reason, message: status.message };
  for (const state of [...otherConditions(status), condition]) {
    const known = conditions.get(state.type);
    const since = known?.status === state.status ? known.lastTransitionTime : new Date(now).toISOString();
    const message = cutToBytes(state.message, bounds.message);
    conditions.set(state.type, { ...state, message, lastTransitionTime: since, observedGeneration: generation });
  }
  // In the order of a job's life, for readers.
  return {
    ...status,
    observedGeneration: generation,
    conditions: conditionTypes.flatMap((type) => conditions.get(type) ?? []),
  };
}

function otherConditions(status: RenderJobStatus): ConditionState[] {
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

function admitted({ attempt, attempts = [] }: RenderJobStatus): ConditionState {
  const pool = attempts.find(({ number }) => number === attempt)?.pool;
  const message = pool === undefined ? 'The job has a slot.' : `The job has a slot in pool ${pool}.`;
  return { type: 'Admitted', status: 'True', reason: 'Admitted', message };
}
