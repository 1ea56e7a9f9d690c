import { isRecord } from '../../../lib/json.ts';

/** A rejection by the API server: a `Status` object, or another body instead. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** HTTP status. */
  readonly status: number;
  /** Kubernetes' own reason, such as `AlreadyExists`; empty when the answer was not a Status. */
  readonly reason: string;
  /** The causes, field by field. */
  readonly causes: readonly { readonly field: string; readonly message: string }[];

  /** @param call method and path, without the query, which may contain tokens */
  constructor(status: number, body: string, call: string) {
    const parsed = parseStatus(body);
    super(`${call} was rejected with ${status}${parsed.reason && ` ${parsed.reason}`}: ${parsed.message}`);
    this.status = status;
    this.reason = parsed.reason;
    this.causes = parsed.causes;
  }
}

/** No answer: the connection failed, or the deadline passed. A write may have been executed or not. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
}

/** A write that was not sent, because another process may be the leader now. */
export class NotLeadingError extends Error {
  override readonly name = 'NotLeadingError';

  constructor(call: string) {
    super(`${call} was not sent: this process is not the leader`);
  }
}

/** Statuses on which callers act. */
export const statuses = { notFound: 404, conflict: 409, expired: 410, invalid: 422, tooManyRequests: 429 } as const;

export function hasStatus(error: unknown, status: number): error is ApiError {
  return error instanceof ApiError && error.status === status;
}

/** 409 has two meanings: a name that is taken, and a version that is not the latest. */
export function isAlreadyExists(error: unknown): boolean {
  return hasStatus(error, statuses.conflict) && error.reason === 'AlreadyExists';
}

export function isConflict(error: unknown): boolean {
  return hasStatus(error, statuses.conflict) && error.reason !== 'AlreadyExists';
}

/** The API server no longer has the version: everything has to be read again. */
export function isExpired(error: unknown): boolean {
  return hasStatus(error, statuses.expired);
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
    // The page of a proxy, or plain text.
  }
  return { reason: '', message: body.trim().slice(0, 300) || 'no explanation', causes: [] };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
