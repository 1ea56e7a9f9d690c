import { errorTable, isErrorCode } from '../../errors/error-table.ts';
import type { RenderJobSpec, RenderJobStatus } from '../../model/job/render-job.ts';
import type { Policy } from './policy.ts';
import { startFailuresExceeded } from './start-policy.ts';

/** `retry` counts towards the limit, `ignore` is not charged to the job, `fail` ends it. */
export type RetryDecision =
  | { readonly type: 'retry' | 'ignore'; readonly nextAttemptAt: number }
  | {
      readonly type: 'fail';
      readonly reason: 'NotRetryable' | 'RetriesExhausted' | 'DisruptionLimitExceeded' | 'StartFailed';
    };

export interface Failure {
  readonly code: string;
  /** The runner observed that the machine or the cluster was the cause. */
  readonly infrastructure: boolean;
}

export interface RetryContext {
  readonly spec: RenderJobSpec;
  /** With the failed attempt still open. */
  readonly status: RenderJobStatus;
  readonly policy: Policy;
  /** Unix milliseconds. */
  readonly now: number;
}

/** What follows a failed attempt: the job's own rules first, then the error table, then the limits. */
export function afterFailure(failure: Failure, { spec, status, policy, now }: RetryContext): RetryDecision {
  const rule = spec.retry?.rules?.find(({ codes }) => codes.includes(failure.code));
  const action = rule?.action ?? actionFromTable(failure, policy);
  if (action === 'Fail') return { type: 'fail', reason: 'NotRetryable' };
  if (action === 'Ignore') {
    if (startFailuresExceeded(status, failure.code, policy)) return { type: 'fail', reason: 'StartFailed' };
    if (status.disruptions >= policy.maxDisruptions) return { type: 'fail', reason: 'DisruptionLimitExceeded' };
    return { type: 'ignore', nextAttemptAt: now + disruptionDelayMs(status.disruptions) };
  }
  if (status.failures >= (spec.retry?.limit ?? policy.retryLimit)) return { type: 'fail', reason: 'RetriesExhausted' };
  return { type: 'retry', nextAttemptAt: now + backoffMs(spec, status.failures, policy) };
}

function actionFromTable({ code, infrastructure }: Failure, policy: Policy): 'Retry' | 'Fail' | 'Ignore' {
  if (infrastructure) return 'Ignore';
  const definition = isErrorCode(code) ? errorTable[code] : errorTable.WORKER_CRASHED;
  if (definition.infrastructure) return 'Ignore';
  if (definition.retry === 'elsewhere') return policy.otherNodes ? 'Retry' : 'Fail';
  return definition.retry === 'yes' ? 'Retry' : 'Fail';
}

/** Milliseconds before the next attempt after `failures` earlier ones: doubled each time up to the limit. */
function backoffMs(spec: RenderJobSpec, failures: number, policy: Policy): number {
  const base = spec.retry?.backoffSeconds ?? policy.backoffSeconds;
  const longest = spec.retry?.maxBackoffSeconds ?? policy.maxBackoffSeconds;
  return Math.min(longest, base * 2 ** failures) * 1000;
}

/** The first disruption costs no wait; a job that keeps losing its machine slows down, to half a minute at most. */
function disruptionDelayMs(disruptions: number): number {
  return disruptions === 0 ? 0 : Math.min(30_000, 250 * 2 ** Math.min(disruptions, 10));
}
