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
  /** Whether messages are received: true when the consumer exists, false after a failure. */
  readonly onChange: (following: boolean) => void;
  readonly log: RateLimitedLog;
  /** The consumer is created again after two of these without a message or heartbeat from the server. */
  readonly heartbeatMs: number;
}

/** Longest wait for an answer of JetStream. */
const requestMs = 5_000;
/** Between two attempts; each wait is random. */
const retryMs = { min: 250, max: 2_000 };

/**
 * Delivers the last message of each subject, and then every new one, until `lost` is aborted.
 *
 * Uses an ephemeral consumer, and creates another one after every fault: a deleted stream or consumer, a server that lost
 * its state, missing heartbeats. A new consumer delivers every last value again, so that nothing is missed; values that are
 * known already are dropped by their sequence.
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
      options.log.warn('Progress stream unavailable; retrying', reasonOf(error));
      // A connection without answers may be dead although it is open.
      if (error instanceof TimeoutError) await connection.reconnect();
    } finally {
      options.onChange(false);
    }
    const wait = retryMs.min + Math.random() * (retryMs.max - retryMs.min);
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
    // Ends with `messages`, which also end when the consumer is deleted.
    for await (const { type } of messages.status()) {
      if (['heartbeats_missed', 'stream_not_found', 'consumer_not_found', 'consumer_deleted'].includes(type)) {
        if (!lost.aborted) options.log.warn('Progress stream lost; resubscribing', { type });
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
    // Required by the server for this policy.
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
