import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { expect, vi } from 'vitest';
import { connectProgressBus, type NatsBus, type ProgressBusOptions } from '../../../src/adapters/nats/nats-bus.ts';
import { streamName } from '../../../src/adapters/nats/progress-stream.ts';
import type { ProgressMessage } from '../../../src/model/status/progress.ts';

/** Reconnects soon, so that tests need not wait long. */
export const fast = { retryMs: { min: 20, max: 100 }, connectMs: 1_000, pingMs: 500 } as const;

export interface LoggedBus extends AsyncDisposable {
  readonly bus: NatsBus;
  /** What it logged, as warnings. */
  readonly warnings: string[];
}

/** A bus on a server that may be unavailable. */
export async function busOn(url: string, options: Partial<ProgressBusOptions> = {}): Promise<LoggedBus> {
  const warnings: string[] = [];
  const log = { info: () => undefined, warn: (_fields: object, message: string) => void warnings.push(message) };
  const bus = await connectProgressBus({ url, name: 'test', log, heartbeatMs: 500, timing: fast, ...options });
  return { bus, warnings, [Symbol.asyncDispose]: () => bus[Symbol.asyncDispose]() };
}

/** The same, once it receives messages. */
export async function followingBus(url: string, options: Partial<ProgressBusOptions> = {}): Promise<LoggedBus> {
  const logged = await busOn(url, options);
  await vi.waitFor(() => expect(logged.bus.health().following).toBe(true), { timeout: 20_000, interval: 10 });
  return logged;
}

/** What an administrator may do to a server. */
export async function asAdministrator(
  url: string,
  act: (access: {
    readonly publish: (subject: string, body: string | Uint8Array) => void;
    readonly deleteStream: () => Promise<void>;
    /** Subjects in the stream. */
    readonly subjects: () => Promise<readonly string[]>;
  }) => Promise<void>,
): Promise<void> {
  const connection = await connect({ servers: url.replace('nats://', '') });
  const manager = await jetstreamManager(connection);
  try {
    await act({
      publish: (subject, body) => connection.publish(subject, body),
      deleteStream: async () => {
        await manager.streams.delete(streamName).catch(() => undefined);
      },
      subjects: async () => {
        const { state } = await manager.streams.info(streamName, { subjects_filter: '>' });
        return Object.keys(state.subjects ?? {});
      },
    });
    await connection.flush();
  } finally {
    await connection.close();
  }
}

export function progressMessage(uid: string, sequence: number, attempt = 1): ProgressMessage {
  const progress = { percent: Math.min(sequence, 100), step: 'encoding', updatedAt: '2026-03-01T12:00:00Z' } as const;
  return { namespace: 'media', name: `job-${uid}`, uid, attempt, sequence, progress };
}
