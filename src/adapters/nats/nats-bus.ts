import type { JsMsg } from '@nats-io/jetstream';
import { ExpiringSet } from '../../lib/expiring-set.ts';
import { type Log, RateLimitedLog } from '../../lib/rate-limited-log.ts';
import type { ProgressMessage } from '../../model/status/progress.ts';
import type { ProgressBus, ProgressFilter } from '../../ports/progress-bus.ts';
import { InProcessBus } from '../in-process/in-process-bus.ts';
import { parseAddress } from './address.ts';
import { type ConnectionSettings, keepConnected } from './connection.ts';
import { followStream } from './follow-stream.ts';
import { Outbox } from './outbox.ts';
import { readMessage } from './progress-message.ts';
import { defaultStream, mostJobs, type ProgressStreamSettings } from './progress-stream.ts';
import { StreamPurge } from './stream-purge.ts';
import { jobSubjects } from './subject.ts';

export interface ProgressBusOptions extends Omit<ConnectionSettings, 'address'> {
  /** `nats://host:4222` or `tls://…`, several separated by commas; may hold `user:password@` or `token@`. */
  readonly url: string;
  readonly stream?: Partial<ProgressStreamSettings> | undefined;
  readonly log: Log;
  /** Told of each message that is news: milliseconds since the worker said it, by the clocks of both machines. */
  readonly onAge?: ((milliseconds: number) => void) | undefined;
  /** Milliseconds between two signs of life of the server; twice that is the longest silence. */
  readonly heartbeatMs?: number;
}

export interface BusHealth {
  /** There is a connection. */
  readonly connected: boolean;
  /** News comes: the stream is there and this process follows it. */
  readonly following: boolean;
}

/** What came since the start. */
export interface BusCounts {
  /** From the server, whatever it was. */
  received: number;
  /** News, told to subscribers. */
  told: number;
  /** Not ours, or not well-formed. */
  refused: number;
}

/**
 * Progress over NATS JetStream: what any process publishes, every process hears, and one that starts hears the last news
 * of each job first. Within the process it is told on as on one machine.
 */
export class NatsBus implements ProgressBus, AsyncDisposable {
  readonly counts: BusCounts = { received: 0, told: 0, refused: 0 };
  readonly #local = new InProcessBus();
  readonly #outbox = new Outbox();
  readonly #purge: StreamPurge;
  readonly #log: RateLimitedLog;
  readonly #onAge: ((milliseconds: number) => void) | undefined;
  readonly #known: ExpiringSet;
  /** Jobs that have ended; what is still under way of theirs is not kept again. */
  readonly #forgotten: ExpiringSet;
  readonly #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #connected = false;
  #following = false;

  constructor({ log, onAge, stream }: Pick<ProgressBusOptions, 'log' | 'onAge' | 'stream'>) {
    this.#log = new RateLimitedLog(log, () => performance.now());
    this.#purge = new StreamPurge(this.#log);
    this.#onAge = onAge;
    const maxAgeMs = (stream?.maxAgeSeconds ?? defaultStream.maxAgeSeconds) * 1000;
    this.#known = new ExpiringSet({ maxSize: mostJobs, maxAgeMs });
    this.#forgotten = new ExpiringSet({ maxSize: mostJobs, maxAgeMs });
  }

  /** Goes on until it is disposed of. Must be called once. */
  run({ url, stream, heartbeatMs = 5_000, ...settings }: ProgressBusOptions): void {
    const follow = {
      stream: { ...defaultStream, ...stream },
      onMessage: (message: JsMsg) => this.#receive(message),
      onChange: (following: boolean) => {
        this.#following = following;
      },
      log: this.#log,
      heartbeatMs,
    };
    this.#running = keepConnected(
      { ...settings, address: parseAddress(url) },
      {
        log: this.#log,
        onChange: (connected) => {
          this.#connected = connected;
        },
        session: async (connection, lost) => {
          await Promise.all([
            followStream(connection, follow, lost),
            this.#outbox.sendAll(connection, lost),
            this.#purge.purgeAll(connection, lost),
          ]);
        },
      },
      this.#stop.signal,
    );
  }

  publish(message: ProgressMessage): void {
    this.#outbox.put(message);
  }

  subscribe(
    filter: ProgressFilter,
    options: { readonly signal: AbortSignal; readonly replay?: boolean },
  ): AsyncIterable<ProgressMessage> {
    return this.#local.subscribe(filter, options);
  }

  latest(uid: string): ProgressMessage | undefined {
    return this.#local.latest(uid);
  }

  /** Removes it from the stream too: no process that starts later hears of it. */
  forget(uid: string): void {
    this.#forgotten.touch(uid, performance.now());
    const last = this.#local.latest(uid);
    if (last === undefined) return;
    this.#known.delete(uid);
    this.#local.forget(uid);
    this.#purge.put(jobSubjects(last));
  }

  health(): BusHealth {
    return { connected: this.#connected, following: this.#following };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('The progress bus is closed'));
    // A first connection that was never made ends with its next attempt; nobody has to wait for that.
    if (this.#connected) await this.#running;
  }

  #receive({ subject, data }: Pick<JsMsg, 'subject' | 'data'>): void {
    this.counts.received += 1;
    const message = readMessage(subject, data, Date.now());
    if ('refused' in message) {
      this.counts.refused += 1;
      this.#log.warn('a message on the subjects of progress was ignored', { why: message.refused });
      return;
    }
    const { uid } = message;
    if (this.#forgotten.has(uid)) {
      this.#purge.put(jobSubjects(message));
      return;
    }
    const before = this.#local.latest(uid);
    this.#local.publish(message);
    if (this.#local.latest(uid) === before) return;
    this.counts.told += 1;
    for (const old of this.#known.touch(uid, performance.now())) this.#local.forget(old);
    this.#onAge?.(Date.now() - Date.parse(message.progress.updatedAt));
  }
}

/**
 * A bus on NATS, which need not be there yet: until it is, nothing comes, and `health()` says so.
 *
 * @throws CodedError `INVALID_REQUEST` for a URL that is none
 */
export async function connectProgressBus(options: ProgressBusOptions): Promise<NatsBus> {
  const bus = new NatsBus(options);
  bus.run(options);
  return bus;
}
