import { errorTable } from '../../errors/error-table.ts';
import { jobType } from '../../model/job/job-type.ts';
import type { RenderJob, RenderJobStatus } from '../../model/job/render-job.ts';
import { stagesOf } from '../../model/job/stage.ts';
import { manager } from '../../model/labels.ts';
import { isTerminal } from '../../model/status/lifecycle.ts';
import type { FailedRun, LostRun, StageRun, SucceededRun } from '../../ports/stage-runner.ts';
import { asItCounts, lostAt } from '../policies/node-lost-policy.ts';
import { startFailure } from '../policies/start-policy.ts';
import { deadlineOf } from '../policies/timeout-policy.ts';
import { afterEnd, errorOf, nextAttempt, succeeded } from './attempt-end.ts';
import { closeAttempt, observeAttempt } from './attempts.ts';
import { type Decision, earliest, lookAgainAt, type Observation, settle } from './decision.ts';
import { cancelling, deleting, finished } from './job-end.ts';
import { notAdmitted, refused } from './not-started.ts';
import { running, starting } from './run-start.ts';
import { ending, mayRun, stop } from './run-stop.ts';

/** One RenderJob and what is known of its stages -> its next status and what to do. Pure; a fixpoint after its own actions. */
export function decide(observation: Observation): Decision {
  const { now, policy } = observation;
  const runs = observation.runs.map((run) => asItCounts(run, now, policy));
  const lookAgain = earliest(
    observation.runs.map((run) => lostAt(run, policy)).filter((at) => at !== undefined && at > now),
  );
  return lookAgainAt(lookAgain, decideOn({ ...observation, runs }));
}

function decideOn(observation: Observation): Decision {
  const { job, runs, now } = observation;
  const status = job.status ?? firstStatus(job, now);
  if (job.spec.managedBy !== undefined && job.spec.managedBy !== manager) return { status: job.status, actions: [] };
  if (job.metadata.deletionTimestamp !== undefined) return deleting(observation);
  if (isTerminal(status.phase)) return finished(observation);
  if (job.spec.cancelled) return cancelling(observation, status);

  const outdated = runs.filter((run) => mayRun(run) && run.identity.attempt < status.attempt);
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
  if (!admission.admitted) return notAdmitted(observation, status, admission);
  if (observation.refusal !== undefined) return refused(observation, status, observation.refusal);
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
  const held = status.attempts?.find(({ number }) => number === status.attempt)?.pool;
  let last: SucceededRun | undefined;
  for (const stage of stagesOf(job)) {
    const run = present.find(({ identity }) => identity.stage === stage);
    if (run === undefined) {
      const pool = held ?? (admission.admitted ? admission.pool : (job.spec.pool ?? 'default'));
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
      if (run.state === 'waiting') return starting(observation, status, run);
      return lookAgainAt(deadline, running(observation, status, run));
    }
    case 'failed':
    case 'lost':
      return ended(observation, status, run);
    case 'succeeded':
      return succeeded(observation, status, run);
  }
}

function ended(observation: Observation, status: RenderJobStatus, run: FailedRun | LostRun): Decision {
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
  if (run.stopReason === 'notStarted') {
    const code = startFailure(status.reason);
    return afterEnd(observation, status, run, { code, message: status.message, remedy: errorTable[code].remedy }, true);
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
  return afterEnd(observation, status, run, errorOf(run), run.infrastructure === true);
}
