import { setTimeout as sleep } from 'node:timers/promises';
import type { Dispatcher } from 'undici';
import { retryAfterMs } from '../../../lib/retry-after.ts';
import { ApiError, NotLeadingError, statuses, UnreachableError } from './api-error.ts';
import { fullJitter } from './backoff.ts';
import { Congestion, type CongestionOptions } from './congestion.ts';
import { Connections } from './connections.ts';
import { CachedCredentials, type Credentials } from './credentials.ts';
import { startDeadline } from './deadline.ts';

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** How a PATCH whose members replace those of the object is sent (RFC 7396). */
export const mergePatch = 'application/merge-patch+json';

export interface ApiCall {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** From `/api` or `/apis` on, its parts already encoded. */
  readonly path: string;
  readonly query?: Query;
  readonly body?: object;
  /** Of the body; plain JSON when absent, else a kind of patch. */
  readonly contentType?: string;
  readonly signal?: AbortSignal;
  /** Until the whole answer is there, waiting and retries included; 30 seconds when absent. */
  readonly timeoutMs?: number;
}

export interface Answered {
  readonly method: string;
  /** HTTP status, or `<error>` when there was no answer, as client-go counts it. */
  readonly code: string;
  readonly seconds: number;
}

export interface TransportOptions {
  readonly userAgent: string;
  /** Calls at once: where to start, and the most there may be. */
  readonly concurrency?: CongestionOptions;
  readonly timeoutMs?: number;
  readonly connectMs?: number;
  readonly onAnswer?: (answer: Answered) => void;
  /** Asked right before each call that is no GET is sent: one who no longer leads must not write. */
  readonly mayWrite?: () => boolean;
  readonly random?: () => number;
}

/** Either a value, or a refusal that may be gone after a wait. */
type Outcome<T> = { readonly value: T } | { readonly refusal: ApiError; readonly waitMs: number };

type Reader<T> = (answer: Dispatcher.ResponseData) => Promise<T>;

/** Waits between tries of a read that got no answer. */
const readAgain = { baseMs: 50, maxMs: 2_000 };
const readTries = 4;

/**
 * Calls to one API server over shared connections. Every call has a deadline. The server's `Retry-After` is obeyed, and
 * calls at once grow and shrink with what it can take. Reads are repeated when a connection breaks; writes are not:
 * whether one was carried out is for the caller to find out.
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

  /** Calls that may be under way at once, at present. */
  get concurrency(): number {
    return this.#congestion.limit;
  }

  /**
   * One call and its whole answer.
   *
   * @returns the parsed JSON
   * @throws ApiError when the server refused, UnreachableError when there was no answer
   */
  async request(call: ApiCall): Promise<unknown> {
    const deadline = startDeadline(this.#timeoutOf(call), call.signal ?? this.#closed.signal);
    try {
      const text = await this.#executeAction(call, deadline.signal, (answer) => answer.body.text());
      return parseAnswer(text, call);
    } finally {
      deadline.clear();
    }
  }

  /**
   * An answer as it comes, for watches. The deadline covers the wait for its beginning; after that only `call.signal`
   * ends it, so whoever reads must watch over it.
   */
  async stream(call: ApiCall & { readonly signal: AbortSignal }): Promise<AsyncIterable<Uint8Array>> {
    const deadline = startDeadline(this.#timeoutOf(call), call.signal);
    try {
      return await this.#executeAction(call, deadline.signal, (answer) => Promise.resolve(answer.body));
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

  async #executeAction<T>(call: ApiCall, signal: AbortSignal, read: Reader<T>): Promise<T> {
    let fresh = false;
    for (let tries = 1; ; tries += 1) {
      let waitMs: number;
      try {
        const outcome: Outcome<T> = await this.#try(call, signal, fresh, read);
        if ('value' in outcome) return outcome.value;
        const unknownToken: boolean = outcome.refusal.status === 401;
        if (unknownToken && fresh) throw outcome.refusal;
        fresh = unknownToken;
        waitMs = outcome.waitMs;
      } catch (error) {
        if (error instanceof ApiError || error instanceof NotLeadingError) throw error;
        const repeatable = (call.method ?? 'GET') === 'GET' && tries < readTries;
        if (signal.aborted || !repeatable) throw unreachable(call, signal, error);
        waitMs = fullJitter(tries, readAgain, this.#random());
      }
      await sleep(waitMs, undefined, { signal }).catch((error: unknown) => {
        throw unreachable(call, signal, error);
      });
    }
  }

  async #try<T>(call: ApiCall, signal: AbortSignal, fresh: boolean, read: Reader<T>): Promise<Outcome<T>> {
    const leave = await this.#congestion.enter(signal);
    const startedAt = performance.now();
    let code = '<error>';
    let overloaded = false;
    try {
      const answer = await this.#send(call, signal, fresh);
      code = String(answer.statusCode);
      if (answer.statusCode < 400) return { value: await read(answer) };
      const refusal = new ApiError(answer.statusCode, await answer.body.text(), describe(call));
      overloaded = answer.statusCode === statuses.tooManyRequests;
      const waitMs = this.#waitAfter(answer);
      if (waitMs === undefined) throw refusal;
      return { refusal, waitMs };
    } finally {
      leave(code === '<error>' ? 'failed' : overloaded ? 'overloaded' : 'answered');
      this.#options.onAnswer?.({
        method: call.method ?? 'GET',
        code,
        seconds: (performance.now() - startedAt) / 1000,
      });
    }
  }

  async #send(call: ApiCall, signal: AbortSignal, fresh: boolean): Promise<Dispatcher.ResponseData> {
    const { tls, headers } = await this.#credentials.get({ fresh });
    const { method = 'GET', body } = call;
    if (method !== 'GET' && this.#options.mayWrite?.() === false) throw new NotLeadingError(describe(call));
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

  /** Milliseconds after which a refused call may be sent again; undefined when that would be of no use. */
  #waitAfter({ statusCode, headers }: Dispatcher.ResponseData): number | undefined {
    if (statusCode === 401) return 0;
    if (statusCode !== statuses.tooManyRequests && statusCode < 500) return undefined;
    const header = headers['retry-after'];
    const asked = retryAfterMs(Array.isArray(header) ? header[0] : header, Date.now());
    // Those who were refused together should not come back together.
    return asked === undefined ? undefined : asked * (1 + 0.25 * this.#random());
  }

  #random(): number {
    return (this.#options.random ?? Math.random)();
  }
}

/** Without the query, in which tokens may stand. */
function describe({ method = 'GET', path }: ApiCall): string {
  return `${method} ${path}`;
}

function unreachable(call: ApiCall, signal: AbortSignal, error: unknown): UnreachableError {
  // An aborted call fails with whatever was under way; the signal knows why.
  const cause: unknown = signal.aborted ? signal.reason : error;
  const why = cause instanceof Error ? cause.message : String(cause);
  return new UnreachableError(`${describe(call)} got no answer: ${why}`, { cause });
}

function parseAnswer(text: string, call: ApiCall): unknown {
  if (text === '') return undefined;
  try {
    const answer: unknown = JSON.parse(text);
    return answer;
  } catch (error) {
    throw new UnreachableError(`${describe(call)} was not answered in JSON; is that an API server?`, { cause: error });
  }
}

function queryString(query: Query = {}): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) params.set(name, String(value));
  return params.size === 0 ? '' : `?${params.toString()}`;
}
