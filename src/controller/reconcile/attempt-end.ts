import { codeOfExit, errorTable } from '../../errors/error-table.ts';
import { cutToBytes } from '../../lib/text.ts';
import { bounds } from '../../model/job/bounds.ts';
import type { RenderJobStatus } from '../../model/job/render-job.ts';
import type { Reason } from '../../model/status/lifecycle.ts';
import type { JobError, StageResult } from '../../model/status/result.ts';
import type { EndedRun, FailedRun, LostRun, SucceededRun } from '../../ports/stage-runner.ts';
import { takeProgress } from '../policies/progress-policy.ts';
import { afterFailure } from '../policies/retry-policy.ts';
import type { Action } from './actions.ts';
import { closeAttempt } from './attempts.ts';
import { conclude, type Decision, event, type Observation, withActions } from './decision.ts';

export function afterEnd(
  observation: Observation,
  status: RenderJobStatus,
  run: EndedRun | undefined,
  error: JobError,
  infrastructure: boolean,
): Decision {
  const { job, now, policy } = observation;
  const verdict = afterFailure(job.spec, status, { code: error.code, infrastructure }, policy, now);
  const uncharged: readonly Reason[] = ['DisruptionLimitExceeded', 'StartFailed'];
  const charged = verdict.type !== 'ignore' && !(verdict.type === 'fail' && uncharged.includes(verdict.reason));
  const closed = closeAttempt(status, run, {
    outcome: charged ? 'Failed' : 'Disrupted',
    code: error.code,
    reason: error.message,
    at: now,
  });
  const counted = charged
    ? { ...closed, failures: closed.failures + 1 }
    : { ...closed, disruptions: closed.disruptions + 1 };
  if (verdict.type === 'fail') return failed(observation, counted, error, verdict.reason);
  const wait = Math.round((verdict.nextAttemptAt - now) / 1000);
  const message = `Attempt ${status.attempt} ended with ${error.code}: ${sentence(error.message)} Attempt ${status.attempt + 1} follows${wait > 0 ? ` after ${wait} s` : ''}.`;
  return nextAttempt(observation, counted, 'BackingOff', message, verdict.nextAttemptAt);
}

/** Closes the history of this attempt and puts the next one on record, before its stage can start. */
export function nextAttempt(
  observation: Observation,
  closed: RenderJobStatus,
  reason: Reason,
  message: string,
  at: number,
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
    return afterEnd(
      observation,
      status,
      run,
      { code: 'WORKER_CRASHED', message: 'The worker ended with 0 but left no result.' },
      false,
    );
  }
  const at = run.finishedAt ?? observation.now;
  const closed = closeAttempt(status, run, { outcome: 'Succeeded', reason: 'All outputs passed their checks.', at });
  const { error: _e, nextAttemptAt: _n, ...rest } = closed;
  const final: RenderJobStatus = {
    ...rest,
    phase: 'Succeeded',
    reason: 'Completed',
    message: successMessage(result),
    startedAt: status.startedAt ?? new Date(run.startedAt ?? at).toISOString(),
    finishedAt: new Date(at).toISOString(),
    result: resultOf(result),
    progress: { percent: 100, step: 'publishing', updatedAt: new Date(at).toISOString() },
  };
  return withActions(conclude(observation, final), [event('Normal', 'Completed', final.message)]);
}

function failed(observation: Observation, closed: RenderJobStatus, error: JobError, reason: Reason): Decision {
  const { nextAttemptAt: _, ...rest } = latestProgress(observation, closed);
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

export function latestProgress({ progress, now, policy }: Observation, status: RenderJobStatus): RenderJobStatus {
  return takeProgress(status, progress, now, policy, true).status;
}

export function errorOf(run: FailedRun | LostRun): JobError {
  if (run.state === 'failed' && run.result?.error !== undefined) return run.result.error;
  const code = run.state === 'lost' ? 'NODE_LOST' : (codeOfExit(run.exitCode ?? -1) ?? 'WORKER_CRASHED');
  const message = run.message ?? errorTable[code].summary;
  return { code, message: cutToBytes(message, bounds.message), remedy: errorTable[code].remedy };
}

function resultOf(result: StageResult): NonNullable<RenderJobStatus['result']> {
  return {
    outputs: result.outputs ?? [],
    ...(result.acceleration === undefined ? {} : { acceleration: result.acceleration }),
    ...(result.precision === undefined ? {} : { precision: result.precision }),
    ...(result.checks === undefined ? {} : { checks: result.checks }),
    ...(result.timings?.speed === undefined ? {} : { speed: result.timings.speed }),
    ...(result.timings === undefined ? {} : { encodeSeconds: result.timings.encodeSeconds }),
    ...(result.processes === undefined ? {} : { processes: result.processes }),
    ...(result.report === undefined ? {} : { report: result.report }),
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
