import { deadline, type NatsConnection } from '@nats-io/transport-node';
import { untilAborted } from '../../lib/abort.ts';
import { CoalescingQueue } from '../../lib/coalescing-queue.ts';
import { isNewer, type ProgressMessage } from '../../model/status/progress.ts';
import { messageBody } from './progress-message.ts';
import { mostJobs } from './progress-stream.ts';
import { progressSubject } from './subject.ts';

/** Longest time between a message and the server's word that it has come. */
const flushMs = 5_000;

/**
 * News on its way to NATS: of each job the latest only. Nothing waits for it and nothing grows while NATS is away or slow:
 * the next message of a job goes when the server has the last one.
 */
export class Outbox {
  readonly #pending = new CoalescingQueue<string, ProgressMessage>();
  readonly #emptied = new Set<() => void>();
  #sending = false;

  put(message: ProgressMessage): void {
    const waiting = this.#pending.peek(message.uid);
    if (waiting === undefined && this.#pending.size >= mostJobs) return;
    if (isNewer(message, waiting)) this.#pending.put(message.uid, message);
  }

  /** Sends what is put, and what is left from an earlier connection, until `lost` is aborted. Never rejects. */
  async sendAll(connection: NatsConnection, lost: AbortSignal): Promise<void> {
    for (let next = await this.#pending.take(lost); next !== undefined; next = await this.#pending.take(lost)) {
      const messages = [next, ...this.#pending.takeAll()];
      this.#sending = true;
      try {
        for (const message of messages) connection.publish(progressSubject(message), messageBody(message));
        await untilAborted(deadline(connection.flush(), flushMs), lost);
      } catch {
        // It may have come or not; the reader drops what it knows.
        for (const message of messages) this.put(message);
        if (connection.isClosed()) return;
        // A connection over which no answers come may be up in name only.
        if (!lost.aborted) await connection.reconnect();
      } finally {
        this.#sending = false;
      }
      if (this.#isEmpty()) for (const tell of this.#emptied) tell();
    }
  }

  /** Resolves when the server has everything, or after `limitMs`. */
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
