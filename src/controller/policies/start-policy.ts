import type { ErrorCode } from '../../errors/error-table.ts';
import type { RenderJobStatus } from '../../model/job/render-job.ts';
import type { Reason } from '../../model/status/lifecycle.ts';
import type { WaitCause, WaitingRun } from '../../ports/stage-runner.ts';
import type { Policy } from './policy.ts';

type StartPolicy = Pick<Policy, 'cannotStartSeconds' | 'startSeconds' | 'unschedulableSeconds' | 'maxStartFailures'>;

interface Cause {
  readonly reason: Reason;
  /** What the attempt ends with when its time is over. */
  readonly code: ErrorCode;
  /** Which time it has; none when someone else decides. */
  readonly limit?: 'cannotStartSeconds' | 'startSeconds' | 'unschedulableSeconds';
}

const causes: Readonly<Record<WaitCause, Cause>> = {
  Starting: { reason: 'Starting', code: 'POD_NOT_STARTED', limit: 'startSeconds' },
  Queue: { reason: 'WaitingForQueue', code: 'POD_NOT_STARTED' },
  PodRejected: { reason: 'PodRejected', code: 'POD_NOT_STARTED', limit: 'cannotStartSeconds' },
  Unschedulable: { reason: 'Unschedulable', code: 'POD_UNSCHEDULABLE', limit: 'unschedulableSeconds' },
  ImagePullFailed: { reason: 'ImagePullFailed', code: 'IMAGE_UNAVAILABLE', limit: 'cannotStartSeconds' },
  ContainerNotStarted: { reason: 'ContainerNotStarted', code: 'POD_NOT_STARTED', limit: 'cannotStartSeconds' },
};

export function startReason({ waitingFor }: WaitingRun): Reason {
  return causes[waitingFor.cause].reason;
}

/** How long a run may wait for what it waits for, in seconds; `undefined` for as long as it takes. */
export function startLimit({ waitingFor: { cause, since } }: WaitingRun, policy: StartPolicy): number | undefined {
  const { limit } = causes[cause];
  return since === undefined || limit === undefined ? undefined : policy[limit];
}

/** The error code of an attempt that was ended because it did not start, by the reason that its status gave. */
export function startFailure(reason: Reason): ErrorCode {
  return Object.values(causes).find((cause) => cause.reason === reason)?.code ?? 'POD_NOT_STARTED';
}

/** Whether an attempt that did not start was one too many. */
export function startFailuresExceeded(status: RenderJobStatus, code: string, policy: StartPolicy): boolean {
  const isStart = (candidate: string | undefined): boolean =>
    Object.values(causes).some((cause) => cause.code === candidate);
  if (!isStart(code)) return false;
  return (status.attempts ?? []).filter((attempt) => isStart(attempt.code)).length >= policy.maxStartFailures;
}
