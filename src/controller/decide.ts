import { jobType } from '../model/job-type.ts';
import { manager } from '../model/labels.ts';
import { isTerminal, type Reason } from '../model/lifecycle.ts';
import type { RenderJob, RenderJobStatus } from '../model/render-job.ts';
import { stagesOf } from '../model/stage.ts';
import type { StageRun, StopReason } from '../ports.ts';
import type { Action } from './actions.ts';
import { afterEnd, errorOf, latestProgress, nextAttempt, succeeded } from './attempt-end.ts';
import { closeAttempt, observeAttempt } from './attempts.ts';
import { conclude, type Decision, event, lookAgainAt, type Observation, settle, withActions } from './decision.ts';
import { expiryOf } from './retention-policy.ts';
import { deadlineOf } from './timeout-policy.ts';

/** One RenderJob and what is known of its stages -> its next status and what to do. Pure; a fixpoint after its own actions. */
export function decide(observation: Observation): Decision {
  const { job, runs, now } = observation;
  const status = job.status ?? firstStatus(job, now);
  if (job.spec.managedBy !== undefined && job.spec.managedBy !== manager) return { status: job.status, actions: [] };
  if (job.metadata.deletionTimestamp !== undefined) return deleting(observation);
  if (isTerminal(status.phase)) return finished(observation);
  if (job.spec.cancelled) return cancelling(observation, status);

  const outdated = runs.filter((run) => isLive(run) && run.identity.attempt !== status.attempt);
  const stops = outdated.flatMap((run) => stop(run, 'superseded'));
  const present = runs.filter((run) => run.identity.attempt === status.attempt);
  const decision = present.length === 0 ? withoutRun(observation, status) : withRuns(observation, status, present);
  return { ...decision, actions: [...stops, ...decision.actions] };
}

function firstStatus(job: RenderJob, now: number): RenderJobStatus {
  return {
    phase: 'Queued',
    reason: 'Accepted',
    message: 'The job is waiting for its turn.',
    type: jobType(job.spec),
    attempt: 1,
    failures: 0,
    disruptions: 0,
    queuedAt: new Date(now).toISOString(),
  };
}

/** Nothing of this attempt runs or ran. */
function withoutRun(observation: Observation, status: RenderJobStatus): Decision {
  const { job, admission, now } = observation;
  if (status.phase === 'Starting') {
    // Its server died before the stage did anything: the same attempt waits for its turn again.
    return settle(observation, {
      ...status,
      phase: 'Queued',
      reason: 'Accepted',
      message: 'The job is waiting for its turn.',
    });
  }
  if (status.phase !== 'Queued') {
    // It ran and its record is gone: a node was wiped or someone removed the child.
    return afterEnd(
      observation,
      status,
      undefined,
      { code: 'NODE_LOST', message: 'The run of this attempt disappeared.' },
      true,
    );
  }
  if (job.spec.suspend) {
    return settle(observation, {
      ...status,
      reason: 'Suspended',
      message: 'spec.suspend is true; set it to false to let the job run.',
    });
  }
  const notBefore = status.nextAttemptAt === undefined ? 0 : Date.parse(status.nextAttemptAt);
  // The status already tells why it backs off, since the attempt before was closed.
  if (now < notBefore) return { ...settle(observation, status), requeueAt: notBefore };
  if (!admission.admitted) {
    return settle(observation, { ...status, reason: admission.reason, message: admission.message });
  }
  // Attempt n is on record before its stage starts (attempt 1 needs none), so a crash here starts the same stage again.
  const [stage] = stagesOf(job);
  return {
    status: job.status,
    actions: [{ type: 'startStage', attempt: status.attempt, stage, pool: admission.pool }],
  };
}

/** The present attempt has at least one run: go by the first stage that has not succeeded. */
function withRuns(observation: Observation, status: RenderJobStatus, present: readonly StageRun[]): Decision {
  const { job, admission } = observation;
  let last: StageRun | undefined;
  for (const stage of stagesOf(job)) {
    const run = present.find(({ identity }) => identity.stage === stage);
    if (run === undefined) {
      const pool = admission.admitted ? admission.pool : (job.spec.pool ?? 'default');
      return { status: job.status, actions: [{ type: 'startStage', attempt: status.attempt, stage, pool }] };
    }
    if (run.state !== 'succeeded') return withRun(observation, observeAttempt(status, run), run);
    last = run;
  }
  return last === undefined ? settle(observation, status) : succeeded(observation, observeAttempt(status, last), last);
}

function withRun(observation: Observation, status: RenderJobStatus, run: StageRun): Decision {
  const { job, now, policy } = observation;
  switch (run.state) {
    case 'waiting':
    case 'running': {
      if (job.spec.suspend)
        return ending(
          observation,
          status,
          run,
          'suspended',
          'Suspending',
          'spec.suspend is true; the attempt is being ended.',
        );
      const deadline = deadlineOf(job, run, policy);
      if (deadline !== undefined && now >= deadline) {
        return ending(
          observation,
          status,
          run,
          'timeout',
          'TimingOut',
          'The attempt ran into its timeout and is being ended.',
        );
      }
      return lookAgainAt(deadline, (run.state === 'waiting' ? starting : running)(observation, status, run));
    }
    case 'failed':
    case 'lost':
      return ended(observation, status, run);
    case 'succeeded':
      return succeeded(observation, status, run);
  }
}

function starting(observation: Observation, status: RenderJobStatus, run: StageRun): Decision {
  // A later stage may wait while the job runs: the phase does not go back.
  if (status.phase === 'Running') return settle(observation, status);
  const message = run.waitingFor ?? 'The worker is being started.';
  return settle(observation, { ...status, phase: 'Starting', reason: 'Starting', message });
}

function running(observation: Observation, status: RenderJobStatus, run: StageRun): Decision {
  const startedAt = status.startedAt ?? new Date(run.startedAt ?? observation.now).toISOString();
  const where = run.node === undefined ? '' : ` on ${run.node}`;
  const message = status.attempt === 1 ? `Rendering${where}.` : `Rendering${where}, attempt ${status.attempt}.`;
  const { nextAttemptAt: _, ...rest } = status;
  return settle(observation, { ...rest, phase: 'Running', reason: 'Rendering', message, startedAt });
}

/** A live run that has to end: asked once, then waited for. */
function ending(
  observation: Observation,
  status: RenderJobStatus,
  run: StageRun,
  why: StopReason,
  reason: Reason,
  message: string,
): Decision {
  return withActions(settle(observation, { ...status, reason, message }), stop(run, why));
}

function ended(observation: Observation, status: RenderJobStatus, run: StageRun): Decision {
  const { job, now } = observation;
  if (run.stopReason === 'timeout') {
    const seconds = job.spec.timeoutSeconds ?? observation.policy.timeoutSeconds;
    return afterEnd(
      observation,
      status,
      run,
      { code: 'DEADLINE_EXCEEDED', message: `Expected the attempt to end within ${seconds} s, it did not.` },
      false,
    );
  }
  if (run.stopReason === 'suspended') {
    const closed = closeAttempt(status, run, { outcome: 'Suspended', reason: 'spec.suspend was set.', at: now });
    return nextAttempt(
      observation,
      closed,
      'Suspended',
      'spec.suspend is true; set it to false to let the job run.',
      now,
    );
  }
  return afterEnd(observation, status, run, errorOf(run), run.state === 'lost' || run.infrastructure === true);
}

/** A cancel that was accepted before the end always ends in Cancelled, also when the stage succeeds meanwhile. */
function cancelling(observation: Observation, status: RenderJobStatus): Decision {
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
  const run = runs.find(({ identity }) => identity.attempt === status.attempt);
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
function finished({ job, runs, now, policy }: Observation): Decision {
  const stops = runs.filter(isLive).flatMap((run) => stop(run, 'superseded'));
  const expiry = expiryOf(job, policy);
  if (expiry === undefined || now < expiry) {
    return { status: job.status, actions: stops, ...(expiry === undefined ? {} : { requeueAt: expiry }) };
  }
  return { status: job.status, actions: [...stops, { type: 'removeJob' }] };
}

function deleting({ job, runs }: Observation): Decision {
  const live = runs.filter(isLive);
  if (live.length > 0) return { status: job.status, actions: live.flatMap((run) => stop(run, 'deleted')) };
  return { status: job.status, actions: [{ type: 'removeOutputs' }, { type: 'forgetRuns' }, { type: 'finalizeJob' }] };
}

function isLive({ state }: StageRun): boolean {
  return state === 'waiting' || state === 'running';
}

function stop(run: StageRun, reason: StopReason): Action[] {
  return run.stopReason === undefined ? [{ type: 'stopStage', identity: run.identity, reason }] : [];
}
