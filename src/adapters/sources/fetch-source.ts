import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { Agent, type Dispatcher, request } from 'undici';
import { CodedError } from '../../errors/coded-error.ts';
import { redactUrl } from '../../lib/redact-url.ts';
import type { Clock } from '../../ports/clock.ts';
import { storageError } from '../object-store/storage-error.ts';
import type { AddressGuard, GuardedUrl } from './address-guard.ts';
import { writeAll } from './download.ts';
import { classifyReply, nextStart, type Resource } from './http-reply.ts';

export interface FetchTimeouts {
  readonly connectMs: number;
  /** Longest time until the headers of an answer. */
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
  /** Tries in a row without a byte before the source counts as unavailable; 3 when absent. */
  readonly fruitlessTries?: number;
}

export interface FetchedFile {
  readonly bytes: number;
  /** Requests that were made, redirects not counted. */
  readonly requests: number;
}

const defaultTimeouts: FetchTimeouts = { connectMs: 10_000, headersMs: 30_000, idleMs: 30_000 };
const maxRedirects = 5;
/** A server that cuts every connection after a few bytes must not occupy a worker for ever. */
const maxRequests = 50;

/**
 * Fetches an http(s) source into a file. Each redirect is checked by the guard and connected to the address that was
 * checked; a cut body is resumed with Range and If-Range (RFC 9110, section 13.1.5).
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

/** One request: `undefined` when the body is complete, the failure when another request may continue; else rejects. */
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
        throw new CodedError(
          'SOURCE_UNAVAILABLE',
          `Expected ${redactUrl(guarded.url)} to redirect to a URL, got a location that is no URL`,
        );
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

/** Requests the missing part and writes it; returns the location of a redirect instead. */
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
  const reply = classifyReply(answer.statusCode, answer.headers, redactUrl(url));
  if (reply.kind !== 'body') {
    // The body is not needed: the connection is closed with the agent.
    answer.body.on('error', () => undefined).destroy();
    if (reply.kind === 'redirect') return reply.location;
    if (reply.restart) body.received = 0;
    throw reply.error;
  }
  // When this part does not follow the one before, the next request asks for the whole file.
  body.resource = undefined;
  const start = nextStart(reply.range, received, resource, reply.resource);
  body.received = start;
  body.resource = reply.resource;
  await body.file.truncate(start);
  const total = reply.resource.total;
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

/** Connects to the checked addresses only, whatever DNS answers by then. */
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

/** A failed connection as an error of the source. Only its code: the client's messages may hold the URL. */
function unavailable(source: string, error: unknown): CodedError {
  if (error instanceof CodedError) return error;
  const code =
    error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'a broken connection';
  return new CodedError('SOURCE_UNAVAILABLE', `Expected an answer from ${redactUrl(source)}, got ${code}`, {
    cause: error,
  });
}
