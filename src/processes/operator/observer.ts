import type { Logger } from 'pino';
import { NotLeadingError } from '../../adapters/kubernetes/client/api-error.ts';
import type { EventRecorder } from '../../adapters/kubernetes/client/events/event-recorder.ts';
import type { ControllerObserver } from '../../controller/controller.ts';
import { apiVersion } from '../../model/job/render-job.ts';
import type { RenderMetrics } from '../../observability/render-metrics.ts';

/** Writes what the controller does into Kubernetes Events, the log and the metrics. */
export function createObserver({
  log,
  recorder,
  renders,
}: {
  readonly log: Logger;
  readonly recorder: EventRecorder;
  readonly renders: RenderMetrics;
}): ControllerObserver {
  return {
    event: ({ metadata: { namespace, name, uid } }, type, reason, note) => {
      log[type === 'Warning' ? 'warn' : 'info']({ namespace, job: name, reason }, note);
      const regarding = { apiVersion, kind: 'RenderJob', namespace, name, uid };
      recorder.record({ regarding, type, reason, action: 'Render', note });
    },
    attemptEnded: ({ metadata: { namespace, name } }, attempt) => {
      renders.attemptEnded(attempt);
      const { acceleration, number, outcome, node } = attempt;
      log.info({ namespace, job: name, attempt: number, outcome, node, acceleration }, 'attempt ended');
    },
    error: (what, error) => {
      // The end of the leadership logs it once.
      if (error instanceof NotLeadingError) log.debug({ err: error }, `failed to ${what}`);
      else log.error({ err: error }, `failed to ${what}`);
    },
  };
}
