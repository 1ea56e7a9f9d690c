import type { RenderJobStatus } from '../../model/job/render-job.ts';
import { annotations } from '../../model/labels.ts';
import { hasEnded, isLive } from '../../ports/stage-runner.ts';
import { cleanUpUntil, expiryOf, leavesFiles } from '../policies/retention-policy.ts';
import { latestProgress } from './attempt-end.ts';
import { closeAttempt, observeAttempt } from './attempts.ts';
import { conclude, type Decision, event, type Observation, settle, withActions } from './decision.ts';
import { mayRun, stop } from './run-stop.ts';

/** A cancel that was accepted before the end always ends in Cancelled, also when the stage succeeds meanwhile. */
export function cancelling(observation: Observation, status: RenderJobStatus): Decision {
  const { runs, now } = observation;
  const live = runs.filter(isLive);
  if (live.length > 0) {
    const waiting: RenderJobStatus = {
      ...status,
      reason: 'Cancelling',
      message: 'The job was cancelled; its worker is being ended.',
    };
    return withActions(
      settle(observation, waiting),
      live.flatMap((run) => stop(run, 'cancelled')),
    );
  }
  const run = runs.filter(hasEnded).find(({ identity }) => identity.attempt === status.attempt);
  const closed =
    run === undefined
      ? status
      : closeAttempt(observeAttempt(status, run), run, {
          outcome: 'Cancelled',
          reason: 'The job was cancelled.',
          at: now,
        });
  const { nextAttemptAt: _, ...rest } = latestProgress(observation, closed);
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

/** A terminal status is never changed: what is left is to end stray runs and, in time, to remove the job. */
export function finished({ job, runs, now, policy }: Observation): Decision {
  const stops = runs.filter(mayRun).flatMap((run) => stop(run, 'superseded'));
  const expiry = expiryOf(job, policy);
  if (expiry === undefined || now < expiry) {
    return { status: job.status, actions: stops, ...(expiry === undefined ? {} : { requeueAt: expiry }) };
  }
  return { status: job.status, actions: [...stops, { type: 'removeJob' }] };
}

/** What a removed job has elsewhere is removed first; a place that stays away does not keep its record for ever. */
export function deleting({ job, runs, now, policy }: Observation): Decision {
  const { status } = job;
  const live = runs.filter(isLive);
  const until = cleanUpUntil(job, policy);
  if (now >= until) {
    const why = leavesFiles(job)
      ? `annotation ${annotations.skipCleanUp}`
      : `not done within ${policy.cleanUpSeconds} s`;
    const left = event('Warning', 'CleanUpGivenUp', `Files and runs of the job may be left behind: ${why}.`);
    return { status, actions: [...live.flatMap((run) => stop(run, 'deleted')), left, { type: 'finalizeJob' }] };
  }
  if (live.length > 0) return { status, actions: live.flatMap((run) => stop(run, 'deleted')), requeueAt: until };
  return {
    status,
    actions: [{ type: 'removeOutputs' }, { type: 'forgetRuns' }, { type: 'finalizeJob' }],
    requeueAt: until,
  };
}
