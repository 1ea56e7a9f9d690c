import { isTerminal, type Phase } from '../model/lifecycle.ts';
import type { Condition, RenderJobStatus } from '../model/render-job.ts';

type Verdict = readonly [type: Condition['type'], status: Condition['status']];

const verdicts: Readonly<Record<Phase, readonly Verdict[]>> = {
  Queued: [
    ['Accepted', 'True'],
    ['Admitted', 'False'],
    ['Running', 'False'],
  ],
  Starting: [
    ['Accepted', 'True'],
    ['Admitted', 'True'],
    ['Running', 'False'],
  ],
  Running: [
    ['Accepted', 'True'],
    ['Admitted', 'True'],
    ['Running', 'True'],
  ],
  Succeeded: [
    ['Accepted', 'True'],
    ['Admitted', 'True'],
    ['Running', 'False'],
    ['Complete', 'True'],
    ['Failed', 'False'],
  ],
  Failed: [
    ['Accepted', 'True'],
    ['Running', 'False'],
    ['Complete', 'False'],
    ['Failed', 'True'],
  ],
  Cancelled: [
    ['Accepted', 'True'],
    ['Running', 'False'],
    ['Complete', 'False'],
    ['Failed', 'False'],
  ],
};

/**
 * The conditions that go with a status. Each keeps its transition time while its verdict stays, and its reason and
 * message too once the job has ended, so that a fixpoint stays one.
 */
export function withConditions(status: RenderJobStatus, generation: number, now: number): RenderJobStatus {
  const before = new Map((status.conditions ?? []).map((condition) => [condition.type, condition]));
  for (const [type, verdict] of verdicts[status.phase]) {
    const known = before.get(type);
    const changed = known?.status !== verdict;
    const carriesReason = type === 'Admitted' || type === 'Running' || isTerminal(status.phase);
    before.set(type, {
      type,
      status: verdict,
      reason: changed || carriesReason ? reasonOf(type, status) : known.reason,
      message: changed || carriesReason ? messageOf(type, status) : known.message,
      lastTransitionTime: changed ? new Date(now).toISOString() : known.lastTransitionTime,
      observedGeneration: generation,
    });
  }
  return { ...status, observedGeneration: generation, conditions: [...before.values()] };
}

function reasonOf(type: Condition['type'], status: RenderJobStatus): string {
  return type === 'Accepted' ? 'Accepted' : status.reason;
}

function messageOf(type: Condition['type'], status: RenderJobStatus): string {
  return type === 'Accepted' ? 'The job is well-formed and will be carried out.' : status.message;
}
