import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { untilAborted } from '../../lib/abort.ts';
import { CoalescingQueue } from '../../lib/coalescing-queue.ts';
import type { RateLimitedLog } from '../../lib/rate-limited-log.ts';
import { reasonOf } from './connection.ts';
import { maxJobs, streamName } from './progress-stream.ts';

/** Removes the last messages of jobs from the stream. Those that cannot be removed expire by their age. */
export class StreamPurge {
  readonly #pending = new CoalescingQueue<string, string>();
  readonly #log: RateLimitedLog;

  constructor(log: RateLimitedLog) {
    this.#log = log;
  }

  put(subjects: string): void {
    if (this.#pending.size < maxJobs) this.#pending.put(subjects, subjects);
  }

  /** Until `lost` is aborted. Never rejects. */
  async purgeAll(connection: NatsConnection, lost: AbortSignal): Promise<void> {
    for (let next = await this.#pending.take(lost); next !== undefined; next = await this.#pending.take(lost)) {
      try {
        const manager = await jetstreamManager(connection, { checkAPI: false });
        await untilAborted(manager.streams.purge(streamName, { filter: next }), lost);
      } catch (error) {
        if (!lost.aborted) this.#log.warn('Progress of an ended job was not purged; it will expire', reasonOf(error));
      }
    }
  }
}
