import { cutToBytes } from '../../lib/text.ts';
import { bounds } from '../../model/job/bounds.ts';
import type { RenderJobStatus } from '../../model/job/render-job.ts';
import type { Reason } from '../../model/status/lifecycle.ts';
import { shouldUpdateQueuePosition } from '../admission/queue-position.ts';
import { afterEnd } from './attempt-end.ts';
import { type Decision, event, type Observation, type Refusal, settle, type Waiting, withActions } from './decision.ts';

/** Pause between two tries to start a stage that the runner does not take at present. */
const refusalSeconds = 30;

export function notAdmitted(observation: Observation, status: RenderJobStatus, admission: Waiting): Decision {
  const { reason, message } = shouldUpdateQueuePosition(status, admission) ? admission : status;
  const told =
    lasting.has(reason) && observation.job.status?.reason !== reason ? [event('Warning', reason, message)] : [];
  return withActions(settle(observation, { ...status, reason, message }), told);
}

/** What does not pass by itself is worth an event. */
const lasting: ReadonlySet<Reason> = new Set(['NoSuchPool', 'QueueNotConfigured', 'WaitingForGpu']);

/** The runner does not take the stage: for good, or at present. Then the slot is given back while it waits. */
export function refused(observation: Observation, status: RenderJobStatus, { error, passing }: Refusal): Decision {
  if (!passing) return afterEnd(observation, status, undefined, error, false);
  const at = observation.now + refusalSeconds * 1000;
  const waiting: RenderJobStatus = {
    ...status,
    reason: 'JobRejected',
    message: cutToBytes(
      `The Kubernetes Job was refused and is tried again every ${refusalSeconds} s: ${error.message}`,
      bounds.message,
    ),
    nextAttemptAt: new Date(at).toISOString(),
  };
  const told = status.reason === 'JobRejected' ? [] : [event('Warning', waiting.reason, waiting.message)];
  return { ...withActions(settle(observation, waiting), told), requeueAt: at };
}
