import { cutToBytes } from '../../lib/text.ts';
import { bounds } from '../../model/job/bounds.ts';
import type { RenderJob, RenderJobStatus } from '../../model/job/render-job.ts';
import type { Reason } from '../../model/status/lifecycle.ts';
import type { RunningRun, StageRun, WaitingRun } from '../../ports/stage-runner.ts';
import { sameButNumbers } from '../admission/queue-position.ts';
import { startLimit, startReason } from '../policies/start-policy.ts';
import { type Decision, earliest, event, lookAgainAt, type Observation, settle, withActions } from './decision.ts';
import { ending } from './run-stop.ts';

/** A stage without a pod is looked at this often: nobody tells of a pod that was refused. */
const podlessLookMs = 15_000;

export function starting(observation: Observation, status: RenderJobStatus, run: WaitingRun): Decision {
  const { now, policy } = observation;
  // A later stage may wait while the job runs: the phase does not go back.
  if (status.phase === 'Running') return settle(observation, status);
  const next = waitingStatus(observation, status, run);
  const limit = startLimit(run, policy);
  const until = limit === undefined ? undefined : (run.waitingFor.since ?? now) + limit * 1000;
  if (until !== undefined && now >= until) {
    const message = cutToBytes(`${withoutStop(next.message)} (given up after ${limit} s).`, bounds.message);
    return ending(observation, { ...next, phase: 'Starting' }, run, 'notStarted', next.reason, message);
  }
  const told =
    isFault(next.reason) && next.reason !== status.reason ? [event('Warning', next.reason, next.message)] : [];
  // Of a pod that was refused nobody tells: it is looked for.
  const unseen = run.podName === undefined && run.waitingFor.cause !== 'Queue' ? now + podlessLookMs : undefined;
  return lookAgainAt(earliest([until, unseen]), withActions(settle(observation, next), told));
}

/** What a job says whose stage has not begun; words that only differ in numbers are not written again. */
function waitingStatus({ job }: Observation, status: RenderJobStatus, run: WaitingRun): RenderJobStatus {
  const reason = startReason(run);
  const said = cutToBytes(run.waitingFor.message, bounds.message);
  if (reason === 'WaitingForQueue') {
    return {
      ...status,
      phase: 'Queued',
      reason,
      message: `Waiting for Kueue to admit the job in queue ${job.spec.queue}.`,
    };
  }
  if (reason === 'Starting' && isWithoutGpu(job, run)) {
    return { ...status, phase: 'Starting', reason: 'StartingWithoutGpu', message: `${said} ${withoutGpu(run)}` };
  }
  const known =
    status.reason === reason &&
    (reason === 'ImagePullFailed' || sameButNumbers(status.message) === sameButNumbers(said));
  return { ...status, phase: 'Starting', reason, message: known ? status.message : said };
}

const isFault = (reason: Reason): boolean =>
  reason === 'ImagePullFailed' || reason === 'ContainerNotStarted' || reason === 'PodRejected';

function isWithoutGpu({ spec: { acceleration = 'Preferred', pool } }: RenderJob, { gpu }: StageRun): boolean {
  return acceleration === 'Preferred' && pool === undefined && gpu === false;
}

function withoutGpu({ pool }: StageRun): string {
  return `No node had a usable GPU, so the job went to pool ${pool}.`;
}

export function running(observation: Observation, status: RenderJobStatus, run: RunningRun): Decision {
  const { job } = observation;
  const startedAt = status.startedAt ?? new Date(run.startedAt).toISOString();
  const where = run.node === undefined ? '' : ` on ${run.node}`;
  const rendering = status.attempt === 1 ? `Rendering${where}.` : `Rendering${where}, attempt ${status.attempt}.`;
  const { nextAttemptAt: _, ...rest } = status;
  const [reason, message]: [Reason, string] = isWithoutGpu(job, run)
    ? ['RenderingWithoutGpu', `${rendering} ${withoutGpu(run)}`]
    : ['Rendering', rendering];
  return settle(observation, { ...rest, phase: 'Running', reason, message, startedAt });
}

function withoutStop(text: string): string {
  return text.replace(/\.$/, '');
}
