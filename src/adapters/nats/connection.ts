import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Auth,
  type ConnectionOptions,
  connect,
  credsAuthenticator,
  type NatsConnection,
} from '@nats-io/transport-node';
import type { RateLimitedLog } from '../../lib/rate-limited-log.ts';
import type { NatsAddress } from './address.ts';

export interface ConnectionSettings {
  readonly address: NatsAddress;
  /** The content of a `.creds` file: a user JWT and its seed. Overrides the file. */
  readonly credentials?: string | undefined;
  /** A `.creds` file. It is read for each connection, so that a renewed one is used without a restart. */
  readonly credentialsFile?: string | undefined;
  /** PEM of the certificate authorities of the server; those of the system when absent. */
  readonly caFile?: string | undefined;
  /** Shown by the server for this connection. */
  readonly name: string;
  readonly timing?: Partial<Timing>;
}

interface Timing {
  /** Between two attempts to connect; each wait is random, so that a thousand workers do not reconnect together. */
  readonly retryMs: { readonly min: number; readonly max: number };
  /** Time limit of one attempt. */
  readonly connectMs: number;
  /** Between two pings; a connection with three unanswered pings is closed. */
  readonly pingMs: number;
}

const defaultTiming: Timing = { retryMs: { min: 500, max: 4_000 }, connectMs: 5_000, pingMs: 10_000 };

export interface ConnectionEvents {
  readonly log: RateLimitedLog;
  readonly onChange?: (connected: boolean) => void;
  /**
   * Runs from each (re)connection until `lost` is aborted; sessions never overlap. An error is logged, and the next
   * connection starts another session.
   */
  readonly session: (connection: NatsConnection, lost: AbortSignal) => Promise<void>;
}

/** Keeps one connection open until the signal aborts. An unavailable server is not an error. Never rejects. */
export async function keepConnected(
  settings: ConnectionSettings,
  events: ConnectionEvents,
  signal: AbortSignal,
): Promise<void> {
  const options = optionsOf(settings, events.log, signal);
  while (!signal.aborted) {
    try {
      await useConnection(await firstConnection(options, events.log), settings, events, signal);
    } catch (error) {
      if (!signal.aborted) events.log.warn('NATS connection closed; opening a new one', reasonOf(error));
    }
    await sleep(options.timeout ?? 0, undefined, { signal }).catch(() => undefined);
  }
}

/** The field of a log entry for an error. */
export function reasonOf(error: unknown): { readonly reason: string } {
  return { reason: error instanceof Error ? error.message : String(error) };
}

function optionsOf(
  { address, caFile, name, timing, ...secrets }: ConnectionSettings,
  log: RateLimitedLog,
  signal: AbortSignal,
): ConnectionOptions {
  const { retryMs, connectMs, pingMs } = { ...defaultTiming, ...timing };
  return {
    servers: [...address.servers],
    name,
    authenticator: (nonce) => authOf({ address, ...secrets }, log, nonce),
    timeout: connectMs,
    pingInterval: pingMs,
    maxReconnectAttempts: -1,
    // Credentials can be corrected while we retry.
    ignoreAuthErrorAbort: true,
    // Called before every attempt: the only way to end the client's wait for its first connection.
    reconnectDelayHandler: () => {
      signal.throwIfAborted();
      return retryMs.min + Math.random() * (retryMs.max - retryMs.min);
    },
    ...(address.tls || caFile !== undefined ? { tls: caFile === undefined ? {} : { caFile } } : {}),
  };
}

function authOf(
  {
    address: { login },
    credentials,
    credentialsFile,
  }: Pick<ConnectionSettings, 'address' | 'credentials' | 'credentialsFile'>,
  log: RateLimitedLog,
  nonce?: string,
): Auth {
  if (credentials === undefined && credentialsFile === undefined) {
    if (login === undefined) return undefined;
    return 'token' in login ? { auth_token: login.token } : { user: login.user, pass: login.password };
  }
  try {
    const text = credentials === undefined ? readFileSync(credentialsFile ?? '') : Buffer.from(credentials);
    return credsAuthenticator(text)(nonce);
  } catch (error) {
    // An error here would end the client. Without credentials the server rejects the connection, and the client retries.
    log.warn('NATS credentials cannot be read', reasonOf(error));
    return undefined;
  }
}

/** The first attempt is made separately, since the client does not report failures while it waits for a first connection. */
async function firstConnection(options: ConnectionOptions, log: RateLimitedLog): Promise<NatsConnection> {
  try {
    return await connect(options);
  } catch (error) {
    log.warn('NATS is unavailable; progress updates are paused', {
      servers: options.servers,
      ...reasonOf(error),
    });
    return connect({ ...options, waitOnFirstConnect: true });
  }
}

async function useConnection(
  connection: NatsConnection,
  { name }: ConnectionSettings,
  { log, onChange, session }: ConnectionEvents,
  signal: AbortSignal,
): Promise<void> {
  let lost = new AbortController();
  let running = Promise.resolve();
  const startSession = (): void => {
    lost.abort();
    const current = new AbortController();
    lost = current;
    onChange?.(true);
    running = running.then(async () => {
      if (!current.signal.aborted) await session(connection, current.signal);
    });
    running = running.catch((error: unknown) => log.warn('NATS session failed', reasonOf(error)));
  };
  const close = (): void => {
    lost.abort();
    void connection.close();
  };
  signal.addEventListener('abort', close, { once: true });
  const statuses = connection.status();
  startSession();
  try {
    if (signal.aborted) close();
    for await (const status of statuses) {
      if (status.type === 'disconnect') {
        lost.abort();
        onChange?.(false);
        if (!signal.aborted) log.warn('NATS connection lost; progress updates are paused', { name });
      } else if (status.type === 'reconnect') {
        log.info('NATS connection restored', { name });
        startSession();
      } else if (status.type === 'error') log.warn('NATS reported an error', reasonOf(status.error));
    }
  } finally {
    signal.removeEventListener('abort', close);
    lost.abort();
    onChange?.(false);
    await connection.close();
    await running;
  }
}
