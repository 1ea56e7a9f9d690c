import { setTimeout as sleep } from 'node:timers/promises';
import type { Dispatcher } from 'undici';
import { retryAfterMs } from '../../../lib/retry-after.ts';
import { type ApiCall, describeCall, parseAnswer, queryString, unreachable } from './api-call.ts';
import { ApiError, NotLeadingError, statuses } from './api-error.ts';
import { fullJitter } from './backoff.ts';
import { Congestion, type CongestionOptions } from './congestion.ts';
import { Connections } from './connections.ts';
import { CachedCredentials, type Credentials } from './credentials.ts';
import { startDeadline } from './deadline.ts';

export interface Answered {
  readonly method: string;
  /** HTTP status, or `<error>` when there was no answer, as in the metrics of client-go. */
  readonly code: string;
  readonly seconds: number;
}

export interface TransportOptions {
  readonly userAgent: string;
  /** Calls in parallel: how many at first, and at most. */
  readonly concurrency?: CongestionOptions;
  readonly timeoutMs?: number;
  readonly connectMs?: number;
  readonly onAnswer?: (answer: Answered) => void;
  /** Called immediately before each call except GET is sent: a process that no longer leads must not write. */
  readonly mayWrite?: () => boolean;
  readonly random?: () => number;
}

/** Either a value, or a rejection after which the call may be sent again. */
type Outcome<T> = { readonly value: T } | { readonly rejection: ApiError; readonly waitMs: number };

interface Exchange<T> {
  readonly call: ApiCall;
  readonly signal: AbortSignal;
  readonly read: (answer: Dispatcher.ResponseData) => Promise<T>;
}

/** Waits between tries of a read that got no answer. */
const readBackoff = { baseMs: 50, maxMs: 2_000 };
const readTries = 4;

/**
 * Calls to one API server over shared connections. Every call has a deadline. The server's `Retry-After` is obeyed, and
 * the number of parallel calls follows what the server can take. Reads are repeated when a connection breaks. Writes are
 * not, since one without an answer may have been executed: the caller has to find out.
 */
export class Transport implements AsyncDisposable {
  readonly #credentials: CachedCredentials;
  readonly #connections: Connections;
  readonly #congestion: Congestion;
  readonly #options: TransportOptions;
  readonly #basePath: string;
  readonly #closed = new AbortController();

  constructor(credentials: Credentials, options: TransportOptions) {
    this.#options = options;
    this.#credentials = new CachedCredentials(credentials, () => performance.now());
    this.#connections = new Connections(credentials.server, options.connectMs ?? 10_000);
    this.#congestion = new Congestion(options.concurrency ?? { initial: 16, max: 64 });
    this.#basePath = new URL(credentials.server).pathname.replace(/\/$/, '');
  }

  /** How many calls may run in parallel at present. */
  get concurrency(): number {
    return this.#congestion.limit;
  }

  /**
   * One call and its whole answer.
   *
   * @returns the parsed JSON
   * @throws ApiError when the server rejected it, UnreachableError when there was no answer
   */
  async request(call: ApiCall): Promise<unknown> {
    const deadline = startDeadline(this.#timeoutOf(call), call.signal ?? this.#closed.signal);
    try {
      const read = (answer: Dispatcher.ResponseData): Promise<string> => answer.body.text();
      const text = await this.#exchange({ call, signal: deadline.signal, read });
      return parseAnswer(text, call);
    } finally {
      deadline.clear();
    }
  }

  /**
   * An answer as it comes, for watches. The deadline covers the wait for its beginning; after that only `call.signal`
   * ends it: the reader needs a time limit of its own.
   */
  async stream(call: ApiCall & { readonly signal: AbortSignal }): Promise<AsyncIterable<Uint8Array>> {
    const deadline = startDeadline(this.#timeoutOf(call), call.signal);
    try {
      const read = ({ body }: Dispatcher.ResponseData): Promise<AsyncIterable<Uint8Array>> => Promise.resolve(body);
      return await this.#exchange({ call, signal: deadline.signal, read });
    } finally {
      deadline.disarm();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort(new Error('the connection to the API server was closed'));
    await this.#connections[Symbol.asyncDispose]();
  }

  #timeoutOf({ timeoutMs }: ApiCall): number {
    return timeoutMs ?? this.#options.timeoutMs ?? 30_000;
  }

  /** Tries until there is a result, an error that no retry helps against, or the signal aborts. */
  async #exchange<T>(exchange: Exchange<T>): Promise<T> {
    const { call, signal } = exchange;
    let freshCredentials = false;
    for (let tries = 1; ; tries += 1) {
      let waitMs: number;
      try {
        const outcome: Outcome<T> = await this.#try(exchange, freshCredentials);
        if ('value' in outcome) return outcome.value;
        const unknownToken: boolean = outcome.rejection.status === 401;
        if (unknownToken && freshCredentials) throw outcome.rejection;
        freshCredentials = unknownToken;
        waitMs = outcome.waitMs;
      } catch (error) {
        if (error instanceof ApiError || error instanceof NotLeadingError) throw error;
        const repeatable = (call.method ?? 'GET') === 'GET' && tries < readTries;
        if (signal.aborted || !repeatable) throw unreachable(call, signal, error);
        waitMs = fullJitter(tries, readBackoff, this.#random());
      }
      await sleep(waitMs, undefined, { signal }).catch((error: unknown) => {
        throw unreachable(call, signal, error);
      });
    }
  }

  async #try<T>({ call, signal, read }: Exchange<T>, freshCredentials: boolean): Promise<Outcome<T>> {
    const leave = await this.#congestion.enter(signal);
    const startedAt = performance.now();
    let code = '<error>';
    let overloaded = false;
    try {
      const answer = await this.#send(call, signal, freshCredentials);
      code = String(answer.statusCode);
      if (answer.statusCode < 400) return { value: await read(answer) };
      const rejection = new ApiError(answer.statusCode, await answer.body.text(), describeCall(call));
      overloaded = answer.statusCode === statuses.tooManyRequests;
      const waitMs = this.#waitAfter(answer);
      if (waitMs === undefined) throw rejection;
      return { rejection, waitMs };
    } finally {
      leave(code === '<error>' ? 'failed' : overloaded ? 'overloaded' : 'answered');
      const seconds = (performance.now() - startedAt) / 1000;
      this.#options.onAnswer?.({ method: call.method ?? 'GET', code, seconds });
    }
  }

  async #send(call: ApiCall, signal: AbortSignal, freshCredentials: boolean): Promise<Dispatcher.ResponseData> {
    const { tls, headers } = await this.#credentials.get({ fresh: freshCredentials });
    const { method = 'GET', body } = call;
    if (method !== 'GET' && this.#options.mayWrite?.() === false) throw new NotLeadingError(describeCall(call));
    return this.#connections.pool(tls).request({
      method,
      path: this.#basePath + call.path + queryString(call.query),
      signal,
      headers: {
        ...headers,
        accept: 'application/json',
        'user-agent': this.#options.userAgent,
        ...(body === undefined ? {} : { 'content-type': call.contentType ?? 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  /** Milliseconds after which a rejected call may be sent again; undefined when a retry cannot help. */
  #waitAfter({ statusCode, headers }: Dispatcher.ResponseData): number | undefined {
    if (statusCode === 401) return 0;
    if (statusCode !== statuses.tooManyRequests && statusCode < 500) return undefined;
    const header = headers['retry-after'];
    const asked = retryAfterMs(Array.isArray(header) ? header[0] : header, Date.now());
    // Clients that were rejected together should not retry together.
    return asked === undefined ? undefined : asked * (1 + 0.25 * this.#random());
  }

  #random(): number {
    return (this.#options.random ?? Math.random)();
  }
}
