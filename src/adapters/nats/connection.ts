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
  /** What a `.creds` file holds: a user JWT and its seed. Goes before the file. */
  readonly credentials?: string | undefined;
  /** A `.creds` file. It is read anew for each connection, so that a renewed one is used without a restart. */
  readonly credentialsFile?: string | undefined;
  /** PEM of the authorities that the server's certificate may come from; the system's when absent. */
  readonly caFile?: string | undefined;
  /** What the server shows for this connection. */
  readonly name: string;
  readonly pace?: Partial<Pace>;
}

export interface Pace {
  /** Between two attempts to connect; each wait is drawn anew, so that a thousand workers do not come back at once. */
  readonly retryMs: { readonly least: number; readonly most: number };
  /** Longest time that one attempt may take. */
  readonly connectMs: number;
  /** Between two pings; a connection on which three were not answered is given up. */
  readonly pingMs: number;
}

const defaultPace: Pace = { retryMs: { least: 500, most: 4_000 }, connectMs: 5_000, pingMs: 10_000 };

export interface LinkEvents {
  readonly log: RateLimitedLog;
  readonly onChange?: (connected: boolean) => void;
  /**
   * Runs from each time that the connection is made until `lost` is aborted, never twice at once. What it throws is
   * logged; it is begun again with the next connection.
   */
  readonly session: (connection: NatsConnection, lost: AbortSignal) => Promise<void>;
}

/** Keeps one connection up until the signal aborts. NATS that is away, now or later, is no error. Never rejects. */
export async function keepConnected(
  settings: ConnectionSettings,
  events: LinkEvents,
  signal: AbortSignal,
): Promise<void> {
  const options = optionsOf(settings, events.log, signal);
  while (!signal.aborted) {
    try {
      await useConnection(await firstConnection(options, events.log), settings, events, signal);
    } catch (error) {
      if (!signal.aborted) events.log.warn('the connection to NATS ended for good; a new one is made', reasonOf(error));
    }
    await sleep(options.timeout ?? 0, undefined, { signal }).catch(() => undefined);
  }
}

/** What may be said of an error in a log. */
export function reasonOf(error: unknown): { readonly reason: string } {
  return { reason: error instanceof Error ? error.message : String(error) };
}

function optionsOf(
  { address, caFile, name, pace, ...secrets }: ConnectionSettings,
  log: RateLimitedLog,
  signal: AbortSignal,
): ConnectionOptions {
  const { retryMs, connectMs, pingMs } = { ...defaultPace, ...pace };
  return {
    servers: [...address.servers],
    name,
    authenticator: (nonce) => authOf({ address, ...secrets }, log, nonce),
    timeout: connectMs,
    pingInterval: pingMs,
    maxReconnectAttempts: -1,
    // Credentials can be put right while we wait.
    ignoreAuthErrorAbort: true,
    // Asked before every attempt: the only way to end the client's wait for its first connection.
    reconnectDelayHandler: () => {
      signal.throwIfAborted();
      return retryMs.least + Math.random() * (retryMs.most - retryMs.least);
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
    // An error here would end the client for good; the server refuses us instead, and we come again.
    log.warn('the NATS credentials cannot be used', reasonOf(error));
    return undefined;
  }
}

/** The first attempt tells why it failed, which the client keeps to itself while it waits for a first connection. */
async function firstConnection(options: ConnectionOptions, log: RateLimitedLog): Promise<NatsConnection> {
  try {
    return await connect(options);
  } catch (error) {
    log.warn('NATS is away; progress is not passed on until it is back', {
      servers: options.servers,
      ...reasonOf(error),
    });
    return connect({ ...options, waitOnFirstConnect: true });
  }
}

async function useConnection(
  connection: NatsConnection,
  { name }: ConnectionSettings,
  { log, onChange, session }: LinkEvents,
  signal: AbortSignal,
): Promise<void> {
  let lost = new AbortController();
  let running = Promise.resolve();
  const begin = (): void => {
    lost.abort();
    const current = new AbortController();
    lost = current;
    onChange?.(true);
    running = running.then(async () => {
      if (!current.signal.aborted) await session(connection, current.signal);
    });
    running = running.catch((error: unknown) => log.warn('a session with NATS failed', reasonOf(error)));
  };
  const close = (): void => {
    lost.abort();
    void connection.close();
  };
  signal.addEventListener('abort', close, { once: true });
  const statuses = connection.status();
  begin();
  try {
    if (signal.aborted) close();
    for await (const status of statuses) {
      if (status.type === 'disconnect') {
        lost.abort();
        onChange?.(false);
        if (!signal.aborted) log.warn('the connection to NATS is lost', { name });
      } else if (status.type === 'reconnect') {
        log.info('the connection to NATS is back', { name });
        begin();
      } else if (status.type === 'error') log.warn('NATS refused something', reasonOf(status.error));
    }
  } finally {
    signal.removeEventListener('abort', close);
    lost.abort();
    onChange?.(false);
    await connection.close();
    await running;
  }
}
