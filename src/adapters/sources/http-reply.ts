import { CodedError } from '../../errors/coded-error.ts';

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** What identifies the whole file, to recognise it when the transfer continues. */
export interface Resource {
  /** Size of the whole file in bytes; absent when the server does not report it. */
  readonly total?: number;
  /** Strong entity tag, else the date of the last change: the values that If-Range accepts. */
  readonly validator?: string;
}

export type ReplyKind =
  /** `range` is the first byte of the body where the answer is a part. */
  | { readonly kind: 'body'; readonly resource: Resource; readonly range?: number }
  | { readonly kind: 'redirect'; readonly location: string }
  /** `restart`: the file changed, so that the transfer has to start from its first byte. */
  | { readonly kind: 'failure'; readonly error: CodedError; readonly restart: boolean };

const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** Client errors that a later request may not meet: time-out, too early, too many requests. */
const transient: ReadonlySet<number> = new Set([408, 425, 429]);

/** What an HTTP reply means for a download. `label` is the redacted URL. */
export function classifyReply(status: number, headers: Headers, label: string): ReplyKind {
  const location = single(headers['location']);
  if (redirects.has(status) && location !== undefined) return { kind: 'redirect', location };
  const validator = validatorOf(headers);
  if (status === 200) {
    const total = wholeNumber(single(headers['content-length']));
    return { kind: 'body', resource: { ...(total !== undefined && { total }), ...(validator && { validator }) } };
  }
  const part = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(single(headers['content-range']) ?? '');
  if (status === 206 && part?.[1] !== undefined) {
    const total = wholeNumber(part[2]);
    const resource = { ...(total !== undefined && { total }), ...(validator && { validator }) };
    return { kind: 'body', resource, range: Number(part[1]) };
  }
  const missing = status >= 400 && status < 500 && status !== 416 && !transient.has(status);
  const code = missing ? 'SOURCE_NOT_FOUND' : 'SOURCE_UNAVAILABLE';
  const error = new CodedError(code, `Expected the file from ${label}, got HTTP status ${status}`);
  return { kind: 'failure', error, restart: status === 416 || status === 206 };
}

/**
 * The position at which a body starts: the end of the received bytes, when the server sent that part of the same file; 0,
 * when it sent the whole file. Throws `SOURCE_UNAVAILABLE` for another part.
 */
export function nextStart(
  range: number | undefined,
  received: number,
  before: Resource | undefined,
  now: Resource,
): number {
  if (range === undefined) return 0;
  if (range === received && (before?.total === undefined || before.total === now.total)) return received;
  throw new CodedError('SOURCE_UNAVAILABLE', `Expected the file from byte ${received} on, got bytes from ${range} on`);
}

/** Weak tags promise no equal bytes, so they cannot join two parts (RFC 9110, section 13.1.5). */
function validatorOf(headers: Headers): string | undefined {
  const tag = single(headers['etag']);
  if (tag?.startsWith('"') === true) return tag;
  return tag === undefined ? single(headers['last-modified']) : undefined;
}

function single(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
