import { cutToBytes } from '../../lib/text.ts';
import { bounds } from '../../model/job/bounds.ts';
import type { RenderJobStatus } from '../../model/job/render-job.ts';
import type { Reason } from '../../model/status/lifecycle.ts';
import { shouldUpdateQueuePosition } from '../admission/queue-position.ts';
import { afterEnd } from './attempt-end.ts';
import {
  type Decision,
  event,
  type Observation,
  type Rejection,
  settle,
  type Waiting,
  withActions,
} from './decision.ts';

/** Pause between two tries to start a stage that the runner rejects for now. */
const rejectionRetrySeconds = 30;

/** Reasons that end only when an administrator or a node changes: each is worth an event. */
const lastingReasons: ReadonlySet<Reason> = new Set(['NoSuchPool', 'QueueNotConfigured', 'WaitingForGpu']);

export function notAdmitted(observation: Observation, status: RenderJobStatus, admission: Waiting): Decision {
  const next = shouldUpdateQueuePosition(status, admission) ? withWait(status, admission) : status;
  const isNew = lastingReasons.has(next.reason) && observation.job.status?.reason !== next.reason;
  const events = isNew ? [event('Warning', next.reason, next.message)] : [];
  return withActions(settle(observation, next), events);
}

function withWait(status: RenderJobStatus, { reason, message, queuePosition }: Waiting): RenderJobStatus {
  const { queuePosition: _, ...rest } = status;
  return { ...rest, reason, message, ...(queuePosition === undefined ? {} : { queuePosition }) };
}

/** The runner rejects the stage: for good, or for now. In the latter case the slot is released while it waits. */
export function rejected(observation: Observation, status: RenderJobStatus, { error, temporary }: Rejection): Decision {
  if (!temporary) return afterEnd(observation, status, { error, infrastructure: false });
  const at = observation.now + rejectionRetrySeconds * 1000;
  const message = `The Kubernetes Job was rejected and is retried every ${rejectionRetrySeconds} s: ${error.message}`;
  const waiting: RenderJobStatus = {
    ...status,
    reason: 'JobRejected',
    message: cutToBytes(message, bounds.message),
    nextAttemptAt: new Date(at).toISOString(),
  };
  const events = status.reason === 'JobRejected' ? [] : [event('Warning', waiting.reason, waiting.message)];
  return { ...withActions(settle(observation, waiting), events), requeueAt: at };
}
