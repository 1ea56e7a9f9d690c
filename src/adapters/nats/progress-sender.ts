import { type Log, RateLimitedLog } from '../../lib/rate-limited-log.ts';
import type { ProgressMessage } from '../../model/status/progress.ts';
import { parseAddress } from './address.ts';
import { type ConnectionSettings, keepConnected } from './connection.ts';
import { Outbox } from './outbox.ts';

interface ProgressSenderOptions extends Omit<ConnectionSettings, 'address'> {
  readonly url: string;
  readonly log: Log;
}

export interface ProgressSender {
  /** Never waits for NATS. */
  send(message: ProgressMessage): void;
  /** Resolves when the server has confirmed the last message, or after a second; then the connection is closed. */
  close(): Promise<void>;
}

/** Longest time that a worker waits at its end for the last message to be confirmed. */
const lastMessageMs = 1_000;

/**
 * The worker's side: it publishes, and needs no other permission. While NATS is unavailable it keeps only the last message,
 * and the render continues.
 *
 * @throws CodedError `INVALID_REQUEST` for an invalid URL
 */
export function createProgressSender({ url, log, ...settings }: ProgressSenderOptions): ProgressSender {
  const outbox = new Outbox();
  const stop = new AbortController();
  void keepConnected(
    { ...settings, address: parseAddress(url) },
    {
      log: new RateLimitedLog(log, () => performance.now()),
      session: (connection, lost) => outbox.sendAll(connection, lost),
    },
    stop.signal,
  );
  return {
    send: (message) => outbox.put(message),
    close: async () => {
      await outbox.emptied(lastMessageMs);
      stop.abort(new Error('The worker has sent all of its progress'));
    },
  };
}
