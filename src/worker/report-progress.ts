import type { StageIdentity } from '../model/job/stage.ts';
import type { Progress, ProgressMessage } from '../model/status/progress.ts';
import type { Clock } from '../ports/clock.ts';

export interface ProgressReporter {
  /** Keeps the latest progress and sends it when it is due: at most two messages a second. */
  report(progress: Omit<Progress, 'updatedAt'>): void;
  /** Sends the kept progress, if any; nothing is sent afterwards. */
  close(): void;
}

/**
 * Least time between two progress messages of a worker. Progress is throttled twice more: towards NATS only the
 * latest message of a job is kept (src/adapters/nats/outbox.ts), and the controller writes progress to the status at most
 * once per `statusProgressIntervalMs` (src/controller/policies/policy.ts).
 */
const progressMessageIntervalMs = 500;

/**
 * Progress of one attempt in messages with ascending sequence numbers. The first and the last are always sent; those in
 * between are throttled, and only the latest is sent.
 */
export function createProgressReporter(
  { namespace, name, uid, attempt }: StageIdentity,
  clock: Pick<Clock, 'now' | 'monotonic'>,
  send: (message: ProgressMessage) => void,
): ProgressReporter {
  let sequence = 0;
  let lastSentAt = Number.NEGATIVE_INFINITY;
  let kept: Omit<Progress, 'updatedAt'> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (kept === undefined) return;
    const progress = { ...kept, updatedAt: new Date(clock.now()).toISOString() };
    kept = undefined;
    lastSentAt = clock.monotonic();
    sequence += 1;
    send({ namespace, name, uid, attempt, sequence, progress });
  };

  return {
    report(progress) {
      if (closed) return;
      kept = progress;
      const wait = lastSentAt + progressMessageIntervalMs - clock.monotonic();
      if (wait <= 0) flush();
      else timer ??= setTimeout(flush, wait);
    },
    close() {
      flush();
      closed = true;
    },
  };
}
