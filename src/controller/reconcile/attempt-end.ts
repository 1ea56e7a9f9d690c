import { codeOfExit, errorTable } from '../../errors/error-table.ts';
import { omitUndefined } from '../../lib/omit-undefined.ts';
import { cutToBytes } from '../../lib/text.ts';
import { bounds } from '../../model/job/bounds.ts';
import type { RenderJobStatus } from '../../model/job/render-job.ts';
import type { Reason } from '../../model/status/lifecycle.ts';
import type { JobError, StageResult } from '../../model/status/result.ts';
import type { EndedRun, FailedRun, LostRun, SucceededRun } from '../../ports/stage-runner.ts';
import { withProgress } from '../policies/progress-policy.ts';
import { afterFailure, type RetryDecision } from '../policies/retry-policy.ts';
import type { Action } from './actions.ts';
import { closeAttempt } from './attempts.ts';
import { conclude, type Decision, event, type Observation, withActions } from './decision.ts';

export interface FailedAttempt {
  /** Absent when no run of the attempt exists. */
  readonly run?: EndedRun;
  readonly error: JobError;
  /** The cause was the machine or the cluster, not the job. */
  readonly infrastructure: boolean;
}

/** The decision after a failed attempt: a further attempt, or the end of the job. */
export function afterEnd(
  observation: Observation,
  status: RenderJobStatus,
  { run, error, infrastructure }: FailedAttempt,
): Decision {
  const { job, now, policy } = observation;
  const retry = afterFailure({ code: error.code, infrastructure }, { spec: job.spec, status, policy, now });
  const charged = isCharged(retry);
  const closed = closeAttempt(status, run, {
    outcome: charged ? 'Failed' : 'Disrupted',
    code: error.code,
    reason: error.message,
    at: now,
  });
  const counted = charged
    ? { ...closed, failures: closed.failures + 1 }
    : { ...closed, disruptions: closed.disruptions + 1 };
  if (retry.type === 'fail') return failed(observation, counted, error, retry.reason);
  const wait = Math.round((retry.nextAttemptAt - now) / 1000);
  const next = `Attempt ${status.attempt + 1} follows${wait > 0 ? ` after ${wait} s` : ''}.`;
  const message = `Attempt ${status.attempt} failed with ${error.code}: ${sentence(error.message)} ${next}`;
  return nextAttempt(observation, counted, { reason: 'BackingOff', message, at: retry.nextAttemptAt });
}

function isCharged(retry: RetryDecision): boolean {
  if (retry.type !== 'fail') return retry.type === 'retry';
  return retry.reason !== 'DisruptionLimitExceeded' && retry.reason !== 'StartFailed';
}

export interface NextAttempt {
  readonly reason: Reason;
  readonly message: string;
  /** When it may start, in Unix milliseconds. */
  readonly at: number;
}

/** Records the next attempt, before its stage can start, and removes what this one published. */
export function nextAttempt(
  observation: Observation,
  closed: RenderJobStatus,
  { reason, message, at }: NextAttempt,
): Decision {
  const { progress: _, ...rest } = closed;
  const status: RenderJobStatus = {
    ...rest,
    phase: 'Queued',
    reason,
    message: cutToBytes(message, bounds.message),
    attempt: closed.attempt + 1,
    nextAttemptAt: new Date(at).toISOString(),
  };
  const cleanUp: Action = { type: 'removeOutputs', attempt: closed.attempt };
  return {
    ...withActions(conclude(observation, status), [cleanUp, event('Warning', reason, status.message)]),
    requeueAt: at,
  };
}

export function succeeded(observation: Observation, status: RenderJobStatus, run: SucceededRun): Decision {
  const { result } = run;
  if (result.outputs === undefined || result.outputs.length === 0) {
    const error = { code: 'WORKER_CRASHED', message: 'The worker exited with code 0 but left no result.' } as const;
    return afterEnd(observation, status, { run, error, infrastructure: false });
  }
  const at = run.finishedAt ?? observation.now;
  const finishedAt = new Date(at).toISOString();
  const closed = closeAttempt(status, run, { outcome: 'Succeeded', reason: 'All outputs passed their checks.', at });
  const { error: _e, nextAttemptAt: _n, ...rest } = closed;
  const final: RenderJobStatus = {
    ...rest,
    phase: 'Succeeded',
    reason: 'Completed',
    message: successMessage(result),
    startedAt: status.startedAt ?? new Date(run.startedAt ?? at).toISOString(),
    finishedAt,
    result: jobResultOf(result),
    progress: { percent: 100, step: 'publishing', updatedAt: finishedAt },
  };
  return withActions(conclude(observation, final), [event('Normal', 'Completed', final.message)]);
}

function failed(observation: Observation, closed: RenderJobStatus, error: JobError, reason: Reason): Decision {
  const { nextAttemptAt: _, ...rest } = withLatestProgress(observation, closed);
  const status: RenderJobStatus = {
    ...rest,
    phase: 'Failed',
    reason: error.code === 'DEADLINE_EXCEEDED' ? 'DeadlineExceeded' : reason,
    message: cutToBytes(`${error.code}: ${sentence(error.message)}`, bounds.message),
    finishedAt: new Date(observation.now).toISOString(),
    error,
  };
  return withActions(conclude(observation, status), [
    { type: 'removeOutputs', attempt: closed.attempt },
    event('Warning', status.reason, status.message),
  ]);
}

export function withLatestProgress(
  { progress: message, now, policy }: Observation,
  status: RenderJobStatus,
): RenderJobStatus {
  return withProgress(status, { message, now, policy, written: true }).status;
}

/** The error of a run: that of its worker, else what its exit code means. */
export function errorOf(run: FailedRun | LostRun): JobError {
  if (run.state === 'failed' && run.result?.error !== undefined) return run.result.error;
  const exitCode = run.state === 'lost' ? undefined : run.exitCode;
  const fromExit = exitCode === undefined ? undefined : codeOfExit(exitCode);
  const code = run.state === 'lost' ? 'NODE_LOST' : (fromExit ?? 'WORKER_CRASHED');
  const message = run.message ?? errorTable[code].summary;
  return { code, message: cutToBytes(message, bounds.message), remedy: errorTable[code].remedy };
}

function jobResultOf({ timings, ...result }: StageResult): NonNullable<RenderJobStatus['result']> {
  const { outputs = [], acceleration, precision, checks, processes, report } = result;
  const { speed, encodeSeconds } = timings ?? {};
  return {
    outputs,
    ...omitUndefined({ acceleration, precision, checks, speed, encodeSeconds, processes, report }),
  };
}

function successMessage({ acceleration, timings }: StageResult): string {
  const where =
    acceleration === undefined
      ? ''
      : acceleration.backend === 'copy'
        ? ' by stream copy'
        : ` on ${acceleration.backend}`;
  const speed = timings?.speed === undefined ? '' : ` at ${timings.speed.toFixed(1)} times real time`;
  return `Rendered${where}${speed}; all outputs passed their checks.`;
}

/** Messages of errors come with and without a full stop. */
function sentence(message: string): string {
  return /[.!?]$/.test(message) ? message : `${message}.`;
}
