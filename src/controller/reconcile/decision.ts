import type { RenderJob, RenderJobStatus } from '../../model/job/render-job.ts';
import type { Reason } from '../../model/status/lifecycle.ts';
import type { ProgressMessage } from '../../model/status/progress.ts';
import type { JobError } from '../../model/status/result.ts';
import type { StageRun } from '../../ports/stage-runner.ts';
import type { Policy } from '../policies/policy.ts';
import { takeProgress } from '../policies/progress-policy.ts';
import type { Action } from './actions.ts';
import { withConditions } from './conditions.ts';
import { withinSize } from './status-size.ts';

/** Whether a waiting job may start now, and where; else why not, in one sentence. */
export type Admission = { readonly admitted: true; readonly pool: string } | Waiting;

export interface Waiting {
  readonly admitted: false;
  readonly reason: Reason;
  readonly message: string;
  /** Jobs that come first, where they are counted. */
  readonly ahead?: number;
}

/** Why the runner does not take the stage that was to be started. */
export interface Refusal {
  readonly error: JobError;
  /** The same may be taken later: a quota that is used up, a webhook that is down. */
  readonly passing: boolean;
}

export interface Observation {
  readonly job: RenderJob;
  /** Runs of this uid, any attempt. */
  readonly runs: readonly StageRun[];
  readonly admission: Admission;
  /** Set when starting the stage was just tried in vain. */
  readonly refusal?: Refusal;
  readonly progress?: ProgressMessage | undefined;
  /** Unix milliseconds. */
  readonly now: number;
  readonly policy: Policy;
}

export interface Decision {
  /** The whole next status; deeply equal to the present one when nothing is to be written. */
  readonly status: RenderJobStatus | undefined;
  readonly actions: readonly Action[];
  /** When to look again though nothing happens, in Unix milliseconds. */
  readonly requeueAt?: number;
}

export function conclude({ job, now }: Observation, status: RenderJobStatus): Decision {
  return { status: withinSize(withConditions(status, job.metadata.generation, now)), actions: [] };
}

/** A status that goes on: progress is written along with another change, or when its time has come. */
export function settle(observation: Observation, status: RenderJobStatus): Decision {
  const { job, now, policy, progress } = observation;
  const before = job.status;
  const urgent =
    before === undefined ||
    before.phase !== status.phase ||
    before.reason !== status.reason ||
    before.message !== status.message;
  const { status: next, dueAt } =
    status.phase === 'Queued' ? { status } : takeProgress(status, progress, now, policy, urgent);
  // Which pod it is and where it goes is told along with the next thing that is worth a write.
  const decision = conclude(observation, urgent || next !== status ? next : before);
  return dueAt === undefined ? decision : { ...decision, requeueAt: dueAt };
}

export function event(level: 'Normal' | 'Warning', reason: string, message: string): Action {
  return { type: 'recordEvent', level, reason, message };
}

export function withActions(decision: Decision, actions: readonly Action[]): Decision {
  return { ...decision, actions: [...decision.actions, ...actions] };
}

/** The earlier of two moments to look again. */
export function lookAgainAt(at: number | undefined, decision: Decision): Decision {
  return at === undefined ? decision : { ...decision, requeueAt: Math.min(at, decision.requeueAt ?? at) };
}

export function earliest(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((at) => at !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
