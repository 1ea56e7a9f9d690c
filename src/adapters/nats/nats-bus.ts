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
import { defaultStream, maxJobs, type ProgressStreamSettings } from './progress-stream.ts';
import { StreamPurge } from './stream-purge.ts';
import { jobSubjects } from './subject.ts';

export interface ProgressBusOptions extends Omit<ConnectionSettings, 'address'> {
  /** `nats://host:4222` or `tls://…`, several separated by commas; may contain `user:password@` or `token@`. */
  readonly url: string;
  readonly stream?: Partial<ProgressStreamSettings> | undefined;
  readonly log: Log;
  /** Called with the age of each delivered message: milliseconds since the worker sent it, by the clocks of both machines. */
  readonly onAge?: ((milliseconds: number) => void) | undefined;
  /** Milliseconds between two heartbeats of the server; the stream counts as lost after twice that. */
  readonly heartbeatMs?: number;
}

interface BusHealth {
  /** Whether there is a connection. */
  readonly connected: boolean;
  /** Whether the stream exists and this process receives its messages. */
  readonly following: boolean;
}

/** Messages since the start. */
interface BusCounts {
  /** All from the server. */
  received: number;
  /** Passed to subscribers. */
  delivered: number;
  /** With another subject, or not well-formed. */
  rejected: number;
}

/**
 * Progress over NATS JetStream: every process receives the messages of all, and a process that starts first receives the
 * last message of each job. Within the process, an in-process bus passes them on.
 */
export class NatsBus implements ProgressBus, AsyncDisposable {
  readonly counts: BusCounts = { received: 0, delivered: 0, rejected: 0 };
  readonly #local = new InProcessBus();
  readonly #outbox = new Outbox();
  readonly #purge: StreamPurge;
  readonly #log: RateLimitedLog;
  readonly #onAge: ((milliseconds: number) => void) | undefined;
  readonly #known: ExpiringSet;
  /** Uids of ended jobs, whose late messages are dropped. */
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
    this.#known = new ExpiringSet({ maxSize: maxJobs, maxAgeMs });
    this.#forgotten = new ExpiringSet({ maxSize: maxJobs, maxAgeMs });
  }

  /** Runs until the bus is disposed of. Must be called once. */
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

  /** Also removes it from the stream: a process that starts later does not receive it. */
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
    // Without a first connection, the client ends with its next attempt, which need not be awaited.
    if (this.#connected) await this.#running;
  }

  #receive({ subject, data }: Pick<JsMsg, 'subject' | 'data'>): void {
    this.counts.received += 1;
    const read = readMessage(subject, data, Date.now());
    if (!read.ok) {
      this.counts.rejected += 1;
      this.#log.warn('Progress message ignored', { why: read.why });
      return;
    }
    const { message } = read;
    const { uid } = message;
    if (this.#forgotten.has(uid)) {
      this.#purge.put(jobSubjects(message));
      return;
    }
    const before = this.#local.latest(uid);
    this.#local.publish(message);
    if (this.#local.latest(uid) === before) return;
    this.counts.delivered += 1;
    for (const old of this.#known.touch(uid, performance.now())) this.#local.forget(old);
    this.#onAge?.(Date.now() - Date.parse(message.progress.updatedAt));
  }
}

/**
 * A bus on NATS. The server may be unavailable at first: until it is available, nothing is received, and `health()` shows it.
 *
 * @throws CodedError `INVALID_REQUEST` for an invalid URL
 */
export async function connectProgressBus(options: ProgressBusOptions): Promise<NatsBus> {
  const bus = new NatsBus(options);
  bus.run(options);
  return bus;
}
