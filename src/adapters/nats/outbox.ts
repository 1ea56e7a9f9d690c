import { deadline, type NatsConnection } from '@nats-io/transport-node';
import { untilAborted } from '../../lib/abort.ts';
import { CoalescingQueue } from '../../lib/coalescing-queue.ts';
import { isNewer, type ProgressMessage } from '../../model/status/progress.ts';
import { messageBody } from './progress-message.ts';
import { maxJobs } from './progress-stream.ts';
import { progressSubject } from './subject.ts';

/** Time limit for the server's confirmation of a message. */
const flushMs = 5_000;

/**
 * Messages to NATS, only the latest of each job. Callers never wait, and memory does not grow while NATS is unavailable or
 * slow: the next message of a job is sent when the server has confirmed the last one. Progress is throttled at two more
 * points: before in src/worker/report-progress.ts, and behind in the controller, which writes progress to the status at
 * most once per `statusProgressIntervalMs` (src/controller/policies/policy.ts).
 */
export class Outbox {
  readonly #pending = new CoalescingQueue<string, ProgressMessage>();
  readonly #emptied = new Set<() => void>();
  #sending = false;

  put(message: ProgressMessage): void {
    const waiting = this.#pending.peek(message.uid);
    if (waiting === undefined && this.#pending.size >= maxJobs) return;
    if (isNewer(message, waiting)) this.#pending.put(message.uid, message);
  }

  /** Sends all messages, those of an earlier connection included, until `lost` is aborted. Never rejects. */
  async sendAll(connection: NatsConnection, lost: AbortSignal): Promise<void> {
    for (let next = await this.#pending.take(lost); next !== undefined; next = await this.#pending.take(lost)) {
      const messages = [next, ...this.#pending.takeAll()];
      this.#sending = true;
      try {
        for (const message of messages) connection.publish(progressSubject(message), messageBody(message));
        await untilAborted(deadline(connection.flush(), flushMs), lost);
      } catch {
        // They may have arrived or not; the reader drops duplicates.
        for (const message of messages) this.put(message);
        if (connection.isClosed()) return;
        // A connection without answers may be dead although it is open.
        if (!lost.aborted) await connection.reconnect();
      } finally {
        this.#sending = false;
      }
      if (this.#isEmpty()) for (const resolve of this.#emptied) resolve();
    }
  }

  /** Resolves when the server has confirmed everything, or after `limitMs`. */
  async emptied(limitMs: number): Promise<void> {
    if (this.#isEmpty()) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#emptied.add(resolve);
    const timer = setTimeout(resolve, limitMs);
    await promise;
    clearTimeout(timer);
    this.#emptied.delete(resolve);
  }

  #isEmpty(): boolean {
    return !this.#sending && this.#pending.size === 0;
  }
}
