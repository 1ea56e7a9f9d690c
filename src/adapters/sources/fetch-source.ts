import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { Agent, type Dispatcher, request } from 'undici';
import { CodedError } from '../../errors/coded-error.ts';
import { redactUrl } from '../../lib/redact-url.ts';
import type { Clock } from '../../ports/clock.ts';
import { storageError } from '../object-store/storage-error.ts';
import type { AddressGuard, GuardedUrl } from './address-guard.ts';
import { writeAll } from './download.ts';
import { judgeStatus, nextStart, type Resource } from './http-reply.ts';

export interface FetchTimeouts {
  readonly connectMs: number;
  /** Until the headers of an answer are there. */
  readonly headersMs: number;
  /** Longest silence within a body. */
  readonly idleMs: number;
}

export interface FetchOptions {
  /** File to write; it is replaced. */
  readonly destination: string;
  readonly guard: AddressGuard;
  readonly maxBytes: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onProgress?: (receivedBytes: number, totalBytes: number | undefined) => void;
  readonly timeouts?: Partial<FetchTimeouts>;
  /** Tries in a row that bring no byte before the source counts as unavailable; 3 when absent. */
  readonly fruitlessTries?: number;
}

export interface FetchedFile {
  readonly bytes: number;
  /** Requests that were made, redirects not counted. */
  readonly requests: number;
}

const defaultTimeouts: FetchTimeouts = { connectMs: 10_000, headersMs: 30_000, idleMs: 30_000 };
const maxRedirects = 5;
/** A server that cuts every connection after a few bytes must not hold a worker for ever. */
const maxRequests = 50;

/**
 * Fetches an http(s) source into a file. Redirects are followed by hand, each one checked by the guard and connected to
 * the address that was checked; a cut body is resumed with Range and If-Range (RFC 9110, section 13.1.5).
 * Rejects with `SOURCE_HOST_NOT_ALLOWED`, `SOURCE_NOT_FOUND`, `SOURCE_UNAVAILABLE`, `FILE_TOO_LARGE`, `STORAGE_FULL` or the
 * signal's reason.
 */
export async function fetchSource(source: string, options: FetchOptions): Promise<FetchedFile> {
  const { destination, clock, signal, fruitlessTries = 3 } = options;
  const file = await open(destination, constants.O_CREAT | constants.O_WRONLY | constants.O_TRUNC, 0o600).catch(
    (error: unknown) => {
      throw storageError('write a fetched input', error);
    },
  );
  const body: Body = { file, resource: undefined, received: 0 };
  try {
    let fruitless = 0;
    for (let requests = 1; ; requests += 1) {
      const before = body.received;
      const failure = await transfer(source, body, options);
      if (failure === undefined) return { bytes: body.received, requests };
      fruitless = body.received > before ? 0 : fruitless + 1;
      if (fruitless >= fruitlessTries || requests >= maxRequests) throw failure;
      await clock.sleep(200 * 2 ** fruitless, signal);
    }
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    await file.close();
  }
}

interface Body {
  readonly file: FileHandle;
  resource: Resource | undefined;
  received: number;
}

/** One request: `undefined` when the body is complete, the failure when another request may go on; else rejects. */
async function transfer(source: string, body: Body, options: FetchOptions): Promise<CodedError | undefined> {
  try {
    await follow(source, body, options);
    return undefined;
  } catch (error) {
    if (options.signal.aborted) throw options.signal.reason;
    const failure = unavailable(source, error);
    if (failure.code !== 'SOURCE_UNAVAILABLE') throw failure;
    return failure;
  }
}

async function follow(source: string, body: Body, options: FetchOptions): Promise<void> {
  let target = source;
  for (let hop = 0; hop <= maxRedirects; hop += 1) {
    const guarded = await options.guard.resolve(target);
    const agent = pinnedAgent(guarded, { ...defaultTimeouts, ...options.timeouts });
    try {
      const location = await exchange(guarded.url, agent, body, options);
      if (location === undefined) return;
      if (!URL.canParse(location, guarded.url.href)) {
        throw new CodedError('SOURCE_UNAVAILABLE', `Expected ${redactUrl(guarded.url)} to redirect to a URL, got none`);
      }
      target = new URL(location, guarded.url).href;
    } finally {
      await agent.destroy();
    }
  }
  throw new CodedError(
    'SOURCE_NOT_FOUND',
    `Expected at most ${maxRedirects} redirects from ${redactUrl(source)}, got more`,
  );
}

/** Asks for what is missing and writes it; returns where a redirect leads instead. */
async function exchange(url: URL, agent: Agent, body: Body, options: FetchOptions): Promise<string | undefined> {
  const { resource, received } = body;
  const resumable = received > 0 && resource?.validator !== undefined;
  const answer = await request(url, {
    dispatcher: agent,
    signal: options.signal,
    headers: {
      accept: '*/*',
      // A compressed body has no byte positions to resume from.
      'accept-encoding': 'identity',
      'user-agent': 'framewright',
      ...(resumable && { range: `bytes=${received}-`, 'if-range': resource.validator }),
    },
  });
  const verdict = judgeStatus(answer.statusCode, answer.headers, redactUrl(url));
  if (verdict.kind !== 'body') {
    // Its body is not wanted: the connection is closed with the agent.
    answer.body.on('error', () => undefined).destroy();
    if (verdict.kind === 'redirect') return verdict.location;
    if (verdict.restart) body.received = 0;
    throw verdict.error;
  }
  // Should this part not fit to the one before, the next request asks for the whole.
  body.resource = undefined;
  const start = nextStart(verdict.range, received, resource, verdict.resource);
  body.received = start;
  body.resource = verdict.resource;
  await body.file.truncate(start);
  const total = verdict.resource.total;
  if (total !== undefined && total > options.maxBytes) throw tooLarge(url, options.maxBytes);
  await write(answer.body, body, url, options);
  if (total !== undefined && body.received !== total) {
    throw new CodedError('SOURCE_UNAVAILABLE', `Expected ${total} bytes from ${redactUrl(url)}, got ${body.received}`);
  }
  return undefined;
}

async function write(
  stream: Dispatcher.ResponseData['body'],
  body: Body,
  url: URL,
  options: FetchOptions,
): Promise<void> {
  for await (const piece of stream) {
    if (!(piece instanceof Uint8Array)) throw new TypeError('Expected bytes from the HTTP client, got something else');
    if (body.received + piece.length > options.maxBytes) throw tooLarge(url, options.maxBytes);
    await writeAll(body.file, piece, body.received);
    body.received += piece.length;
    options.onProgress?.(body.received, body.resource?.total);
  }
}

/** Connects to the checked addresses and to no other, whatever DNS says by then. */
function pinnedAgent({ addresses }: GuardedUrl, timeouts: FetchTimeouts): Agent {
  return new Agent({
    connections: 1,
    pipelining: 0,
    headersTimeout: timeouts.headersMs,
    bodyTimeout: timeouts.idleMs,
    connect: {
      timeout: timeouts.connectMs,
      lookup: (_host, { all }, callback) => {
        if (all === true) callback(null, [...addresses]);
        else callback(null, addresses[0].address, addresses[0].family);
      },
    },
  });
}

function tooLarge(url: URL, maxBytes: number): CodedError {
  return new CodedError('FILE_TOO_LARGE', `Expected at most ${maxBytes} bytes from ${redactUrl(url)}, got more`);
}

/** Errors of the connection are the source's; the client's messages may hold the URL, so only their codes are told. */
function unavailable(source: string, error: unknown): CodedError {
  if (error instanceof CodedError) return error;
  const code =
    error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'a broken connection';
  return new CodedError('SOURCE_UNAVAILABLE', `Expected an answer from ${redactUrl(source)}, got ${code}`, {
    cause: error,
  });
}
