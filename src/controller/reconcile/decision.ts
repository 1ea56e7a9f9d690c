import type { RenderJob, RenderJobStatus } from '../../model/job/render-job.ts';
import type { Reason } from '../../model/status/lifecycle.ts';
import type { ProgressMessage } from '../../model/status/progress.ts';
import type { JobError } from '../../model/status/result.ts';
import type { StageRun } from '../../ports/stage-runner.ts';
import type { Policy } from '../policies/policy.ts';
import { withProgress } from '../policies/progress-policy.ts';
import type { Action } from './actions.ts';
import { withConditions } from './conditions.ts';
import { withinSize } from './status-size.ts';

/** Whether a queued job may start now, and where; else why not. */
export type Admission = { readonly admitted: true; readonly pool: string } | Waiting;

export interface Waiting {
  readonly admitted: false;
  readonly reason: Reason;
  /** One sentence for the status. */
  readonly message: string;
  /** Queued jobs that are ahead, where they are counted. */
  readonly queuePosition?: number | undefined;
  /** What the job waits for, without counts: while it is the same, a new message is not worth a write. */
  readonly causes?: readonly string[];
}

/** Why the runner rejects the stage that was to be started. */
export interface Rejection {
  readonly error: JobError;
  /** The runner may accept the same stage later: a quota is used up, a webhook is down. */
  readonly temporary: boolean;
}

export interface Observation {
  readonly job: RenderJob;
  /** Runs of this uid, any attempt. */
  readonly runs: readonly StageRun[];
  readonly admission: Admission;
  /** Set when the runner has just rejected the stage. */
  readonly rejection?: Rejection;
  readonly progress?: ProgressMessage | undefined;
  /** Unix milliseconds. */
  readonly now: number;
  readonly policy: Policy;
}

export interface Decision {
  /** The whole next status; deeply equal to the present one when nothing is to be written. */
  readonly status: RenderJobStatus | undefined;
  readonly actions: readonly Action[];
  /** When to reconcile again without a change, in Unix milliseconds. */
  readonly requeueAt?: number;
}

/** The decision for a status that is written as it is. */
export function conclude({ job, now }: Observation, status: RenderJobStatus): Decision {
  const { queuePosition: _, ...rest } = status;
  // A position belongs to the wait for a slot alone.
  const next = status.phase === 'Queued' && status.reason === 'WaitingForSlot' ? status : rest;
  return { status: withinSize(withConditions(next, job.metadata.generation, now)), actions: [] };
}

/** The decision for an unfinished job: progress is written along with another change, or when it is due. */
export function settle(observation: Observation, status: RenderJobStatus): Decision {
  const { job, now, policy, progress: message } = observation;
  const before = job.status;
  const changed =
    before === undefined ||
    before.phase !== status.phase ||
    before.reason !== status.reason ||
    before.message !== status.message ||
    before.queuePosition !== status.queuePosition;
  const { status: next, dueAt } =
    status.phase === 'Queued' ? { status } : withProgress(status, { message, now, policy, written: changed });
  // The pod and its node are written along with the next change that is worth a write.
  const decision = conclude(observation, changed || next !== status ? next : before);
  return dueAt === undefined ? decision : { ...decision, requeueAt: dueAt };
}

export function event(level: 'Normal' | 'Warning', reason: string, message: string): Action {
  return { type: 'recordEvent', level, reason, message };
}

export function withActions(decision: Decision, actions: readonly Action[]): Decision {
  return { ...decision, actions: [...decision.actions, ...actions] };
}

/** The decision, with a requeue at `at` at the latest. */
export function requeueBy(at: number | undefined, decision: Decision): Decision {
  return at === undefined ? decision : { ...decision, requeueAt: Math.min(at, decision.requeueAt ?? at) };
}

export function earliest(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((at) => at !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
