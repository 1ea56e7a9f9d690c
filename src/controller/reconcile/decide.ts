import { errorTable, isErrorCode } from '../../errors/error-table.ts';
import { jobType } from '../../model/job/job-type.ts';
import type { RenderJob, RenderJobStatus } from '../../model/job/render-job.ts';
import { stagesOf } from '../../model/job/stage.ts';
import { manager } from '../../model/labels.ts';
import { isTerminal } from '../../model/status/lifecycle.ts';
import type { EndedRun, LiveRun, StageRun } from '../../ports/stage-runner.ts';
import { lostDeadline, withLostRuns } from '../policies/node-lost-policy.ts';
import { deadlineOf } from '../policies/timeout-policy.ts';
import { afterEnd, errorOf, nextAttempt, succeeded } from './attempt-end.ts';
import { closeAttempt, observeAttempt, openAttempt } from './attempts.ts';
import { type Decision, earliest, type Observation, requeueBy, settle } from './decision.ts';
import { cancelling, deleting, finished } from './job-end.ts';
import { notAdmitted, rejected } from './not-started.ts';
import { running, starting } from './run-start.ts';
import { ending, isLiveOrResumable, stop } from './run-stop.ts';

const waitingForTurn = { reason: 'Accepted', message: 'The job is waiting for its turn.' } as const;
const suspended = {
  reason: 'Suspended',
  message: 'spec.suspend is true; set it to false to let the job run.',
} as const;

/** A RenderJob and its observed runs -> its next status and actions. Pure; a fixpoint after its own actions. */
export function decide(observation: Observation): Decision {
  const { runs, now, policy } = observation;
  const nextLoss = earliest(runs.map((run) => lostDeadline(run, policy)).filter((at) => at !== undefined && at > now));
  return requeueBy(nextLoss, decideOn({ ...observation, runs: withLostRuns(runs, now, policy) }));
}

function decideOn(observation: Observation): Decision {
  const { job, runs, now } = observation;
  const status = job.status ?? firstStatus(job, now);
  if (job.spec.managedBy !== undefined && job.spec.managedBy !== manager) return { status: job.status, actions: [] };
  if (job.metadata.deletionTimestamp !== undefined) return deleting(observation);
  if (isTerminal(status.phase)) return finished(observation);
  if (job.spec.cancelled) return cancelling(observation, status);

  const outdated = runs.filter((run) => isLiveOrResumable(run) && run.identity.attempt < status.attempt);
  const stops = outdated.flatMap((run) => stop(run, 'superseded'));
  const present = runs.filter((run) => run.identity.attempt === status.attempt);
  const decision = present.length === 0 ? withoutRun(observation, status) : withRuns(observation, status, present);
  return { ...decision, actions: [...stops, ...decision.actions] };
}

function firstStatus(job: RenderJob, now: number): RenderJobStatus {
  return {
    phase: 'Queued',
    ...waitingForTurn,
    type: jobType(job.spec),
    attempt: 1,
    failures: 0,
    disruptions: 0,
    queuedAt: new Date(now).toISOString(),
  };
}

/** The present attempt has no run. */
function withoutRun(observation: Observation, status: RenderJobStatus): Decision {
  switch (status.phase) {
    case 'Queued':
      return queued(observation, status);
    case 'Starting':
      // Its server crashed before the stage did anything: the same attempt is queued again.
      return settle(observation, { ...status, phase: 'Queued', ...waitingForTurn });
    default: {
      // It ran and its record was lost: a node was wiped or the Kubernetes Job was deleted.
      const error = { code: 'RUN_LOST', message: 'The record of the run of this attempt was lost.' } as const;
      return afterEnd(observation, status, { error, infrastructure: true });
    }
  }
}

function queued(observation: Observation, status: RenderJobStatus): Decision {
  const { job, admission, now } = observation;
  if (job.spec.suspend) return settle(observation, { ...status, ...suspended });
  const notBefore = status.nextAttemptAt === undefined ? 0 : Date.parse(status.nextAttemptAt);
  // The status explains the backoff since the end of the attempt before.
  if (now < notBefore) return { ...settle(observation, status), requeueAt: notBefore };
  if (!admission.admitted) return notAdmitted(observation, status, admission);
  if (observation.rejection !== undefined) return rejected(observation, status, observation.rejection);
  // The status names attempt n before its stage starts (attempt 1 needs no write): after a crash here, the same stage starts.
  const [stage] = stagesOf(job);
  return {
    status: job.status,
    actions: [{ type: 'startStage', attempt: status.attempt, stage, pool: admission.pool }],
  };
}

/** The present attempt has at least one run: the first stage that has not succeeded decides. */
function withRuns(observation: Observation, status: RenderJobStatus, present: readonly StageRun[]): Decision {
  const { job, admission } = observation;
  let decision: Decision | undefined;
  for (const stage of stagesOf(job)) {
    const run = present.find(({ identity }) => identity.stage === stage);
    if (run === undefined) {
      const admittedPool = admission.admitted ? admission.pool : (job.spec.pool ?? 'default');
      const pool = openAttempt(status).pool ?? admittedPool;
      return { status: job.status, actions: [{ type: 'startStage', attempt: status.attempt, stage, pool }] };
    }
    decision = withRun(observation, observeAttempt(status, run), run);
    if (run.state !== 'succeeded') return decision;
  }
  return decision ?? settle(observation, status);
}

function withRun(observation: Observation, status: RenderJobStatus, run: StageRun): Decision {
  switch (run.state) {
    case 'waiting':
    case 'running':
      return live(observation, status, run);
    case 'failed':
    case 'lost':
      return failedOrLost(observation, status, run);
    case 'succeeded':
      return succeeded(observation, status, run);
  }
}

function live(observation: Observation, status: RenderJobStatus, run: LiveRun): Decision {
  const { job, now, policy } = observation;
  if (job.spec.suspend) {
    const message = 'spec.suspend is true; the attempt is being stopped.';
    return ending(observation, status, { run, stopReason: 'suspended', reason: 'Suspending', message });
  }
  const deadline = deadlineOf(job, run, policy);
  if (deadline !== undefined && now >= deadline) {
    const message = 'The attempt exceeded its timeout and is being stopped.';
    return ending(observation, status, { run, stopReason: 'timeout', reason: 'TimingOut', message });
  }
  if (run.state === 'waiting') return starting(observation, status, run);
  return requeueBy(deadline, running(observation, status, run));
}

function failedOrLost(
  observation: Observation,
  status: RenderJobStatus,
  run: Exclude<EndedRun, { state: 'succeeded' }>,
): Decision {
  const { job, now, policy } = observation;
  switch (run.stopReason) {
    case 'timeout': {
      const seconds = job.spec.timeoutSeconds ?? policy.timeoutSeconds;
      const error = { code: 'DEADLINE_EXCEEDED', message: `The attempt did not finish within ${seconds} s.` } as const;
      return afterEnd(observation, status, { run, error, infrastructure: false });
    }
    case 'notStarted': {
      const known = openAttempt(status).code ?? '';
      const code = isErrorCode(known) ? known : 'POD_NOT_STARTED';
      const error = { code, message: status.message, remedy: errorTable[code].remedy };
      return afterEnd(observation, status, { run, error, infrastructure: true });
    }
    case 'suspended': {
      const closed = closeAttempt(status, run, { outcome: 'Suspended', reason: 'spec.suspend was set.', at: now });
      return nextAttempt(observation, closed, { ...suspended, at: now });
    }
    default:
      return afterEnd(observation, status, { run, error: errorOf(run), infrastructure: run.infrastructure === true });
  }
}
