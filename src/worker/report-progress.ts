import type { StageIdentity } from '../model/job/stage.ts';
import type { Progress, ProgressMessage } from '../model/status/progress.ts';
import type { Clock } from '../ports/clock.ts';

export interface ProgressReporter {
  /** Keeps the newest news and sends it when it is its turn: at most two messages a second. */
  report(progress: Omit<Progress, 'updatedAt'>): void;
  /** Sends what is still kept; nothing is sent afterwards. */
  close(): void;
}

const periodMs = 500;

/**
 * Progress of one attempt in messages of rising sequence. The first news and the last are always sent; what comes in
 * between is thinned out, newest first.
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
      const wait = lastSentAt + periodMs - clock.monotonic();
      if (wait <= 0) flush();
      else timer ??= setTimeout(flush, wait);
    },
    close() {
      flush();
      closed = true;
    },
  };
}
