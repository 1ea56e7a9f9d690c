import { connect } from '@nats-io/transport-node';
import { messageBody } from '../../../src/adapters/nats/progress-message.ts';
import { progressSubject } from '../../../src/adapters/nats/subject.ts';
import type { RunningJob } from './status-ages.ts';

export interface ProgressLoad extends AsyncDisposable {
  /** Messages so far. */
  readonly sent: () => number;
}

/** Publishes for each job every `everyMs` as its worker would, spread over that time, until it is disposed of. */
export async function sendProgress(url: string, jobs: readonly RunningJob[], everyMs: number): Promise<ProgressLoad> {
  const connection = await connect({ servers: url });
  const slices = 10;
  let [sent, turn] = [0, 0];
  const timer = setInterval(() => {
    turn += 1;
    for (const [index, { name, namespace, uid }] of jobs.entries()) {
      if (index % slices !== turn % slices) continue;
      const sequence = Math.floor(turn / slices) + 1;
      const progress = {
        percent: Math.min(99, sequence * 0.05),
        step: 'encoding' as const,
        fps: 120,
        speed: 4,
        etaSeconds: 60,
        updatedAt: new Date().toISOString(),
      };
      const message = { namespace, name, uid, attempt: 1, sequence, progress };
      connection.publish(progressSubject(message), messageBody(message));
      sent += 1;
    }
  }, everyMs / slices);
  return {
    sent: () => sent,
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer);
      await connection.drain();
    },
  };
}
