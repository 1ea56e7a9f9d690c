import { type Log, RateLimitedLog } from '../../lib/rate-limited-log.ts';
import type { ProgressMessage } from '../../model/status/progress.ts';
import { parseAddress } from './address.ts';
import { type ConnectionSettings, keepConnected } from './connection.ts';
import { Outbox } from './outbox.ts';

export interface ProgressSenderOptions extends Omit<ConnectionSettings, 'address'> {
  readonly url: string;
  readonly log: Log;
}

export interface ProgressSender {
  /** Returns at once, whatever NATS does. */
  send(message: ProgressMessage): void;
  /** Resolves when the server has the last message, or after a second; then the connection is closed. */
  close(): Promise<void>;
}

/** Longest time that the end of a worker waits for its last news. */
const lastNewsMs = 1_000;

/**
 * The worker's side: publishes, and needs no right but that. While NATS is away it keeps the last message only, and the
 * render goes on.
 *
 * @throws CodedError `INVALID_REQUEST` for a URL that is none
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
      await outbox.emptied(lastNewsMs);
      stop.abort(new Error('The worker has said everything'));
    },
  };
}
