import { setTimeout as sleep } from 'node:timers/promises';
import {
  AckPolicy,
  type ConsumerMessages,
  DeliverPolicy,
  type JetStreamManager,
  type JsMsg,
  jetstream,
  jetstreamManager,
  ReplayPolicy,
} from '@nats-io/jetstream';
import { type NatsConnection, nanos, TimeoutError } from '@nats-io/transport-node';
import { untilAborted } from '../../lib/abort.ts';
import type { RateLimitedLog } from '../../lib/rate-limited-log.ts';
import { reasonOf } from './connection.ts';
import { ensureStream, type ProgressStreamSettings, streamConfig, streamName } from './progress-stream.ts';
import { everyProgressSubject } from './subject.ts';

export interface FollowOptions {
  readonly stream: ProgressStreamSettings;
  readonly onMessage: (message: JsMsg) => void;
  /** Whether messages come: true from when the server knows of us, false from when something went wrong. */
  readonly onChange: (following: boolean) => void;
  readonly log: RateLimitedLog;
  /** Two of these without a word from the server, and everything is set up anew. */
  readonly heartbeatMs: number;
}

/** Longest wait for an answer of JetStream. */
const requestMs = 5_000;
/** Between two attempts, drawn anew each time. */
const retryMs = { least: 250, most: 2_000 };

/**
 * Hands over the last message of each subject, and then every one that comes, until `lost` is aborted.
 *
 * A consumer that the server forgets once we are gone, begun anew whenever anything seems wrong: a stream or a consumer
 * that someone removed, a server that lost its state, silence. Beginning anew brings every last value again, so that
 * nothing can be missed, and what is known already is dropped by its sequence.
 */
export async function followStream(
  connection: NatsConnection,
  options: FollowOptions,
  lost: AbortSignal,
): Promise<void> {
  while (!lost.aborted) {
    try {
      await followOnce(connection, options, lost);
    } catch (error) {
      if (lost.aborted) return;
      options.log.warn('the stream of progress cannot be followed; it is tried again', reasonOf(error));
      // A connection over which no answers come may be up in name only.
      if (error instanceof TimeoutError) await connection.reconnect();
    } finally {
      options.onChange(false);
    }
    const wait = retryMs.least + Math.random() * (retryMs.most - retryMs.least);
    await sleep(wait, undefined, { signal: lost }).catch(() => undefined);
  }
}

async function followOnce(connection: NatsConnection, options: FollowOptions, lost: AbortSignal): Promise<void> {
  const manager = await untilAborted(jetstreamManager(connection, { checkAPI: false, timeout: requestMs }), lost);
  await untilAborted(ensureStream(manager, streamConfig(options.stream)), lost);
  const messages = await untilAborted(consume(connection, manager, options), lost);
  const close = (): void => void messages.close();
  lost.addEventListener('abort', close, { once: true });
  try {
    if (lost.aborted) close();
    options.onChange(true);
    // Ends with `messages`, which a removed consumer ends as well.
    for await (const { type } of messages.status()) {
      if (['heartbeats_missed', 'stream_not_found', 'consumer_not_found', 'consumer_deleted'].includes(type)) {
        if (!lost.aborted) options.log.warn('the stream of progress is gone or silent; it is begun anew', { type });
        return;
      }
    }
  } finally {
    lost.removeEventListener('abort', close);
    await messages.close();
  }
}

async function consume(
  connection: NatsConnection,
  manager: JetStreamManager,
  { onMessage, heartbeatMs }: FollowOptions,
): Promise<ConsumerMessages> {
  const consumer = await manager.consumers.add(streamName, {
    ack_policy: AckPolicy.None,
    deliver_policy: DeliverPolicy.LastPerSubject,
    replay_policy: ReplayPolicy.Instant,
    // The server wants one with this policy.
    filter_subject: everyProgressSubject,
    mem_storage: true,
    num_replicas: 1,
    inactive_threshold: nanos(10 * heartbeatMs),
  });
  return jetstream(connection, { timeout: requestMs })
    .consumers.getConsumerFromInfo(consumer)
    .consume({
      callback: onMessage,
      max_messages: 500,
      expires: 4 * heartbeatMs,
      idle_heartbeat: heartbeatMs,
      abort_on_missing_resource: true,
    });
}
