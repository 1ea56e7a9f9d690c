import { isRecord } from '../../../lib/json.ts';

/** A refusal by the API server: a `Status` object, or whatever stood in its place. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** HTTP status. */
  readonly status: number;
  /** Kubernetes' own word for it, such as `AlreadyExists`; empty when the answer was no Status. */
  readonly reason: string;
  /** What the refusal is about, field by field. */
  readonly causes: readonly { readonly field: string; readonly message: string }[];

  /** @param call what was asked, without the query: it may hold tokens */
  constructor(status: number, body: string, call: string) {
    const parsed = parseStatus(body);
    super(`${call} was refused with ${status}${parsed.reason && ` ${parsed.reason}`}: ${parsed.message}`);
    this.status = status;
    this.reason = parsed.reason;
    this.causes = parsed.causes;
  }
}

/** No answer: the connection failed, or the deadline passed. Whether a write was carried out is not known. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
}

/** A write that was not sent, because another process may lead by now. */
export class NotLeadingError extends Error {
  override readonly name = 'NotLeadingError';

  constructor(call: string) {
    super(`${call} was not sent: this process does not lead`);
  }
}

/** Statuses by which callers decide. */
export const statuses = { notFound: 404, conflict: 409, gone: 410, invalid: 422, tooManyRequests: 429 } as const;

export function hasStatus(error: unknown, status: number): error is ApiError {
  return error instanceof ApiError && error.status === status;
}

/** 409 has two meanings: a name that is taken, and a version that is no longer the latest. */
export function isAlreadyExists(error: unknown): boolean {
  return hasStatus(error, statuses.conflict) && error.reason === 'AlreadyExists';
}

export function isConflict(error: unknown): boolean {
  return hasStatus(error, statuses.conflict) && error.reason !== 'AlreadyExists';
}

/** The version to go on from is no longer known: everything has to be read again. */
export function isExpired(error: unknown): boolean {
  return hasStatus(error, statuses.gone);
}

function parseStatus(body: string): { reason: string; message: string; causes: ApiError['causes'] } {
  try {
    const status: unknown = JSON.parse(body);
    if (isRecord(status) && typeof status['message'] === 'string') {
      const details = isRecord(status['details']) ? status['details'] : {};
      const causes = Array.isArray(details['causes']) ? details['causes'] : [];
      return {
        reason: typeof status['reason'] === 'string' ? status['reason'] : '',
        message: status['message'],
        causes: causes.filter(isRecord).map((cause) => ({
          field: textOf(cause['field']),
          message: textOf(cause['message']),
        })),
      };
    }
  } catch {
    // A proxy's page, or a line of text.
  }
  return { reason: '', message: body.trim().slice(0, 300) || 'no explanation', causes: [] };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
