import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { untilAborted } from '../../lib/abort.ts';
import { CoalescingQueue } from '../../lib/coalescing-queue.ts';
import type { RateLimitedLog } from '../../lib/rate-limited-log.ts';
import { reasonOf } from './connection.ts';
import { mostJobs, streamName } from './progress-stream.ts';

/** Removes the last news of jobs from the stream. What cannot be removed goes by its age. */
export class StreamPurge {
  readonly #pending = new CoalescingQueue<string, string>();
  readonly #log: RateLimitedLog;

  constructor(log: RateLimitedLog) {
    this.#log = log;
  }

  put(subjects: string): void {
    if (this.#pending.size < mostJobs) this.#pending.put(subjects, subjects);
  }

  /** Until `lost` is aborted. Never rejects. */
  async purgeAll(connection: NatsConnection, lost: AbortSignal): Promise<void> {
    for (let next = await this.#pending.take(lost); next !== undefined; next = await this.#pending.take(lost)) {
      try {
        const manager = await jetstreamManager(connection, { checkAPI: false });
        await untilAborted(manager.streams.purge(streamName, { filter: next }), lost);
      } catch (error) {
        if (!lost.aborted) this.#log.warn('the last news of an ended job stays until it is old', reasonOf(error));
      }
    }
  }
}
