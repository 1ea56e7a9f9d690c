import type { ErrorCode } from '../../errors/error-table.ts';
import type { RenderJobStatus } from '../../model/job/render-job.ts';
import type { Reason } from '../../model/status/lifecycle.ts';
import type { WaitCause, WaitingRun } from '../../ports/stage-runner.ts';
import type { Policy } from './policy.ts';

type StartPolicy = Pick<Policy, 'cannotStartSeconds' | 'startSeconds' | 'unschedulableSeconds' | 'maxStartFailures'>;

interface WaitRule {
  /** The reason of the status while the run waits. */
  readonly reason: Reason;
  /** The error code of the attempt when it has waited too long. */
  readonly code: ErrorCode;
  /** The setting that limits the wait; absent where another controller decides. */
  readonly limit?: 'cannotStartSeconds' | 'startSeconds' | 'unschedulableSeconds';
}

const rules: Readonly<Record<WaitCause, WaitRule>> = {
  Starting: { reason: 'Starting', code: 'POD_NOT_STARTED', limit: 'startSeconds' },
  Queue: { reason: 'WaitingForQueue', code: 'POD_NOT_STARTED' },
  PodRejected: { reason: 'PodRejected', code: 'POD_NOT_STARTED', limit: 'cannotStartSeconds' },
  Unschedulable: { reason: 'Unschedulable', code: 'POD_UNSCHEDULABLE', limit: 'unschedulableSeconds' },
  ImagePullFailed: { reason: 'ImagePullFailed', code: 'IMAGE_UNAVAILABLE', limit: 'cannotStartSeconds' },
  ContainerNotStarted: { reason: 'ContainerNotStarted', code: 'POD_NOT_STARTED', limit: 'cannotStartSeconds' },
};

/** Error codes of attempts that did not start. */
const startFailureCodes: ReadonlySet<string> = new Set(Object.values(rules).map(({ code }) => code));

export function startReason({ waitingFor }: WaitingRun): Reason {
  return rules[waitingFor.cause].reason;
}

/** The error code of an attempt whose run waited too long. */
export function startFailureCode({ waitingFor }: WaitingRun): ErrorCode {
  return rules[waitingFor.cause].code;
}

/** How long a run may wait for what it waits for, in seconds; `undefined` for as long as it takes. */
export function startLimit({ waitingFor: { cause, since } }: WaitingRun, policy: StartPolicy): number | undefined {
  const { limit } = rules[cause];
  return since === undefined || limit === undefined ? undefined : policy[limit];
}

/** Whether the present attempt, which ended with `code`, is one start failure too many. */
export function startFailuresExceeded(status: RenderJobStatus, code: string, policy: StartPolicy): boolean {
  if (!startFailureCodes.has(code)) return false;
  const earlier = (status.attempts ?? []).filter(({ number }) => number !== status.attempt);
  return earlier.filter((attempt) => startFailureCodes.has(attempt.code ?? '')).length >= policy.maxStartFailures;
}
