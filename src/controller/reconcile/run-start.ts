import { cutToBytes } from '../../lib/text.ts';
import { bounds } from '../../model/job/bounds.ts';
import type { RenderJob, RenderJobStatus } from '../../model/job/render-job.ts';
import type { Reason } from '../../model/status/lifecycle.ts';
import type { RunningRun, StageRun, WaitingRun } from '../../ports/stage-runner.ts';
import { startFailureCode, startLimit, startReason } from '../policies/start-policy.ts';
import { withStartFailure } from './attempts.ts';
import { type Decision, earliest, event, type Observation, requeueBy, settle, withActions } from './decision.ts';
import { ending } from './run-stop.ts';

/** A stage without a pod is observed this often: no watch reports that a pod was rejected. */
const podlessIntervalMs = 15_000;

const startFaults: ReadonlySet<Reason> = new Set(['ImagePullFailed', 'ContainerNotStarted', 'PodRejected']);

export function starting(observation: Observation, status: RenderJobStatus, run: WaitingRun): Decision {
  const { now, policy } = observation;
  // A later stage may wait while the job runs: the phase stays Running.
  if (status.phase === 'Running') return settle(observation, status);
  const next = waitingStatus(observation, status, run);
  const limit = startLimit(run, policy);
  const until = limit === undefined ? undefined : (run.waitingFor.since ?? now) + limit * 1000;
  if (limit !== undefined && until !== undefined && now >= until) return givingUp(observation, next, run, limit);
  const isNewFault = startFaults.has(next.reason) && next.reason !== status.reason;
  const events = isNewFault ? [event('Warning', next.reason, next.message)] : [];
  const podless = run.podName === undefined && run.waitingFor.cause !== 'Queue';
  const at = earliest([until, podless ? now + podlessIntervalMs : undefined]);
  return requeueBy(at, withActions(settle(observation, next), events));
}

/** The start took too long: the run is stopped, and the status keeps the code for the end of the attempt. */
function givingUp(observation: Observation, status: RenderJobStatus, run: WaitingRun, limit: number): Decision {
  const { reason } = status;
  const message = cutToBytes(`${withoutFullStop(status.message)} (given up after ${limit} s).`, bounds.message);
  const given = withStartFailure({ ...status, phase: 'Starting' }, startFailureCode(run));
  return ending(observation, given, { run, stopReason: 'notStarted', reason, message });
}

/** The status of a job whose stage has not begun. */
function waitingStatus({ job }: Observation, status: RenderJobStatus, run: WaitingRun): RenderJobStatus {
  const reason = startReason(run);
  const message = cutToBytes(run.waitingFor.message, bounds.message);
  if (reason === 'WaitingForQueue') {
    const forQueue = `Waiting for Kueue to admit the job in queue ${job.spec.queue}.`;
    return { ...status, phase: 'Queued', reason, message: forQueue };
  }
  if (reason === 'Starting' && isWithoutGpu(job, run)) {
    return { ...status, phase: 'Starting', reason: 'StartingWithoutGpu', message: `${message} ${withoutGpu(run)}` };
  }
  const isReported =
    status.reason === reason && (reason === 'ImagePullFailed' || sameButCounts(status.message, message));
  return { ...status, phase: 'Starting', reason, message: isReported ? status.message : message };
}

/** Whether two explanations of the scheduler differ in counts alone, which change with every node: no write is worth that. */
function sameButCounts(a: string, b: string): boolean {
  const withoutCounts = (text: string): string => text.replaceAll(/\d+/g, '#');
  return withoutCounts(a) === withoutCounts(b);
}

function isWithoutGpu({ spec: { acceleration = 'Preferred', pool } }: RenderJob, { gpu }: StageRun): boolean {
  return acceleration === 'Preferred' && pool === undefined && gpu === false;
}

function withoutGpu({ pool }: StageRun): string {
  return `No node had a usable GPU, so the job was admitted to pool ${pool}.`;
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

function withoutFullStop(text: string): string {
  return text.replace(/\.$/, '');
}
