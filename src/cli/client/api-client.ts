import { openAsBlob } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { errorTable, isErrorCode } from '../../errors/error-table.ts';
import { exitCodes } from '../../errors/exit-codes.ts';
import { CliError, UsageError } from '../output/cli-error.ts';
import { bodyBytes } from './body-bytes.ts';
import type { Connection } from './connection.ts';
import { readRejection, type UploadedFile, uploadedFile } from './replies.ts';

/** Deadline of a request whose answer needs no rendering, in milliseconds. */
const answerWithin = 30_000;

/** The REST API as the command line uses it. Every failure is a CliError with the exit code that belongs to it. */
export class ApiClient {
  readonly url: string;
  readonly #key: string | undefined;

  constructor({ url, key }: Connection) {
    this.url = url;
    this.#key = key;
  }

  async get(path: string): Promise<unknown> {
    return readJson(await this.#send(path, { method: 'GET', signal: AbortSignal.timeout(answerWithin) }));
  }

  /** @param headers further headers, for example `Idempotency-Key` */
  async post(path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<unknown> {
    const response = await this.#send(path, {
      method: 'POST',
      headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(answerWithin * 4),
    });
    return readJson(response);
  }

  /** An open response, for event streams and logs. It ends with the signal. */
  async stream(path: string, signal: AbortSignal, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    return this.#send(path, { method: 'GET', headers, signal });
  }

  /** Uploads a file as the raw body: its size is announced, and it is streamed from the disk. */
  async upload(path: string): Promise<UploadedFile> {
    const blob = await openFile(path);
    if (blob.size === 0) throw new UsageError(`expected a media file at ${path}, but it is empty`);
    const query = new URLSearchParams({ filename: basename(path) });
    const answer = await readJson(
      await this.#send(`/api/assets?${query.toString()}`, {
        method: 'POST',
        headers: { 'content-type': 'application/octet-stream' },
        body: blob,
      }),
    );
    const uploaded = uploadedFile.safeParse(answer);
    if (!uploaded.success) throw unexpected('id and url of the uploaded file', answer);
    return uploaded.data;
  }

  /**
   * Downloads a published file: into a temporary file beside the target, which is then renamed to it.
   *
   * @param url as in the job; the key is not sent, since these addresses need none
   */
  async download(url: string, target: string, bytes: number | undefined): Promise<void> {
    const response = await this.#request(new URL(url, `${this.url}/`), { method: 'GET' });
    const partial = `${target}.part`;
    try {
      const size = await writeBody(response, partial);
      if (bytes !== undefined && size !== bytes) {
        throw new CliError(exitCodes.failed, `expected ${bytes} bytes for ${target}, got ${size}`, {
          remedy: 'the connection broke off; fetch the file again from the address that `framewright get` shows',
        });
      }
      await rename(partial, target);
    } finally {
      await rm(partial, { force: true });
    }
  }

  /** A published text, such as a playlist. @param url as for `download` */
  async text(url: string): Promise<string> {
    const init = { method: 'GET', signal: AbortSignal.timeout(answerWithin) };
    return (await this.#request(new URL(url, `${this.url}/`), init)).text();
  }

  async #send(path: string, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers);
    if (this.#key !== undefined) headers.set('authorization', `Bearer ${this.#key}`);
    return this.#request(new URL(`${this.url}${path}`), { ...init, headers });
  }

  async #request(url: URL, init: RequestInit): Promise<Response> {
    let response: Response;
    try {
      // A redirect would send the key to another server.
      response = await fetch(url, { ...init, redirect: 'error' });
    } catch (cause) {
      if (init.signal?.aborted && !isTimeout(init.signal.reason)) throw cause;
      throw unreachable(url, cause);
    }
    if (!response.ok) throw await rejection(response);
    return response;
  }
}

async function openFile(path: string): Promise<Blob> {
  try {
    return await openAsBlob(path);
  } catch (cause) {
    throw new UsageError(`expected a file at ${path}, but it cannot be read`, { cause });
  }
}

async function writeBody(response: Response, path: string): Promise<number> {
  const file = await open(path, 'w');
  let size = 0;
  try {
    for await (const chunk of bodyBytes(response)) {
      await file.write(chunk);
      size += chunk.byteLength;
    }
  } catch (cause) {
    throw new CliError(exitCodes.failed, `the file ${path} could not be written: ${messageOf(cause)}`, { cause });
  } finally {
    await file.close();
  }
  return size;
}

async function readJson(response: Response): Promise<unknown> {
  const body = await response.text();
  if (body === '') return undefined;
  try {
    const value: unknown = JSON.parse(body);
    return value;
  } catch (cause) {
    throw new CliError(
      exitCodes.serverFailed,
      `expected JSON from ${response.url}, got ${JSON.stringify(body.slice(0, 80))}`,
      {
        cause,
        remedy: 'check that the URL is that of a Framewright server',
      },
    );
  }
}

function unexpected(what: string, got: unknown): CliError {
  return new CliError(
    exitCodes.serverFailed,
    `expected ${what} in the answer, got ${JSON.stringify(got)?.slice(0, 200)}`,
    {
      remedy: 'check that the server and this program have the same version',
    },
  );
}

/** The error of a request that the server rejected, or failed to answer. */
async function rejection(response: Response): Promise<CliError> {
  const reply = readRejection(await response.text().catch(() => ''));
  const { code } = reply;
  const known = code !== undefined && isErrorCode(code) ? errorTable[code] : undefined;
  const message = reply.detail ?? reply.message ?? `HTTP ${response.status} ${response.statusText}`;
  const details = reply.details.map((detail) => `${detail.path}: ${detail.message}`);
  const rejected = response.status < 500 || response.status === 501;
  return new CliError(rejected ? exitCodes.rejected : exitCodes.serverFailed, message, {
    // The message of a request with one wrong member repeats its detail.
    details: details.filter((line) => !message.includes(line)),
    remedy: response.status === 401 ? keyRemedy : (reply.remedy ?? known?.remedy),
    code,
  });
}

const keyRemedy =
  'name a file with a valid key with --api-key-file, or set FRAMEWRIGHT_API_KEY; `framewright keys create` creates one';

function unreachable(url: URL, cause: unknown): CliError {
  const why = isTimeout(cause) ? `no answer within ${answerWithin / 1000} s` : messageOf(cause);
  return new CliError(exitCodes.unreachable, `cannot reach ${url.origin}: ${why}`, {
    cause,
    remedy: 'start a server with `framewright standalone`, or name another one with --url or FRAMEWRIGHT_URL',
  });
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === 'TimeoutError';
}

/** The innermost reason of a failed fetch, whose own message is only `fetch failed`. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error) return messageOf(error.cause);
  if (error instanceof AggregateError) return messageOf(error.errors[0]);
  return error.message || error.name;
}
