import type { RenderJobStatus } from '../../model/job/render-job.ts';
import { annotations } from '../../model/labels.ts';
import { hasEnded, isLive } from '../../ports/stage-runner.ts';
import { cleanUpDeadline, expiryOf, skipsCleanUp } from '../policies/retention-policy.ts';
import { withLatestProgress } from './attempt-end.ts';
import { closeAttempt, observeAttempt } from './attempts.ts';
import { conclude, type Decision, event, type Observation, settle, withActions } from './decision.ts';
import { isLiveOrResumable, stop } from './run-stop.ts';

/** A cancel that was accepted before the end always leads to Cancelled, also when the stage succeeds meanwhile. */
export function cancelling(observation: Observation, status: RenderJobStatus): Decision {
  const { runs, now } = observation;
  const live = runs.filter(isLive);
  if (live.length > 0) {
    const message = 'The job was cancelled; its worker is being stopped.';
    const stops = live.flatMap((run) => stop(run, 'cancelled'));
    return withActions(settle(observation, { ...status, reason: 'Cancelling', message }), stops);
  }
  const { nextAttemptAt: _, ...rest } = withLatestProgress(observation, closedAttempt(observation, status));
  const final: RenderJobStatus = {
    ...rest,
    phase: 'Cancelled',
    reason: 'Cancelled',
    message: 'The job was cancelled.',
    finishedAt: new Date(now).toISOString(),
  };
  return withActions(conclude(observation, final), [
    { type: 'removeOutputs' },
    event('Normal', 'Cancelled', final.message),
  ]);
}

function closedAttempt({ runs, now }: Observation, status: RenderJobStatus): RenderJobStatus {
  const run = runs.filter(hasEnded).find(({ identity }) => identity.attempt === status.attempt);
  if (run === undefined) return status;
  const end = { outcome: 'Cancelled', reason: 'The job was cancelled.', at: now } as const;
  return closeAttempt(observeAttempt(status, run), run, end);
}

/** A terminal status never changes: runs that still exist are stopped and, in time, the job is removed. */
export function finished({ job, runs, now, policy }: Observation): Decision {
  const stops = runs.filter(isLiveOrResumable).flatMap((run) => stop(run, 'superseded'));
  const expiry = expiryOf(job, policy);
  if (expiry === undefined || now < expiry) {
    return { status: job.status, actions: stops, ...(expiry === undefined ? {} : { requeueAt: expiry }) };
  }
  return { status: job.status, actions: [...stops, { type: 'removeJob' }] };
}

/** Runs and files of a removed job are removed before its record; one that cannot be reached does not keep it forever. */
export function deleting({ job, runs, now, policy }: Observation): Decision {
  const { status } = job;
  const stops = runs.filter(isLive).flatMap((run) => stop(run, 'deleted'));
  const until = cleanUpDeadline(job, policy);
  if (now >= until) {
    const why = skipsCleanUp(job)
      ? `annotation ${annotations.skipCleanUp}`
      : `not done within ${policy.cleanUpSeconds} s`;
    const abandoned = event('Warning', 'CleanUpGivenUp', `Files and runs of the job may remain: ${why}.`);
    return { status, actions: [...stops, abandoned, { type: 'finalizeJob' }] };
  }
  if (runs.some(isLive)) return { status, actions: stops, requeueAt: until };
  return {
    status,
    actions: [{ type: 'removeOutputs' }, { type: 'forgetRuns' }, { type: 'finalizeJob' }],
    requeueAt: until,
  };
}
