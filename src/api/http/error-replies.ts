import { CodedError, toCodedError } from '../../errors/coded-error.ts';
import { type ErrorCode, isErrorCode } from '../../errors/error-table.ts';
import { ConflictError, NotFoundError } from '../../ports/job-store.ts';

// Each published shape has its own envelope of errors; the codes are the same in all.

export interface ErrorReply {
  readonly status: number;
  readonly contentType: string;
  readonly body: Readonly<Record<string, unknown>>;
}

type Envelope = (error: CodedError, requestId: string) => ErrorReply;

/** Edit API: `{statusCode, code, message}`, and `details` where single fields failed. */
const editEnvelope: Envelope = (error) => ({
  status: error.definition.status,
  contentType: 'application/json; charset=utf-8',
  body: {
    statusCode: error.definition.status,
    code: error.code,
    message: error.message,
    ...(error.details.length > 0 && { details: error.details }),
  },
});

/** Native API: problem details (RFC 9457) with the code, the remedy and the failing fields as extension members. */
const nativeEnvelope: Envelope = (error, requestId) => ({
  status: error.definition.status,
  contentType: 'application/problem+json; charset=utf-8',
  body: {
    type: 'about:blank',
    title: error.definition.summary,
    status: error.definition.status,
    detail: error.message,
    code: error.code,
    remedy: error.remedy,
    ...(error.details.length > 0 && { details: error.details }),
    requestId,
  },
});

const envelopes: readonly { readonly prefix: string; readonly envelope: Envelope }[] = [
  { prefix: '/apis', envelope: nativeEnvelope },
  { prefix: '', envelope: editEnvelope },
];

function envelopeOf(path: string): Envelope {
  const match = envelopes.find(({ prefix }) => prefix === '' || path === prefix || path.startsWith(`${prefix}/`));
  return match?.envelope ?? editEnvelope;
}

const codeOfStatus: Readonly<Record<number, ErrorCode>> = {
  401: 'UNAUTHORIZED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  405: 'METHOD_NOT_ALLOWED',
  409: 'CONFLICT',
  413: 'FILE_TOO_LARGE',
  415: 'UNSUPPORTED_MEDIA_TYPE',
  416: 'RANGE_NOT_SATISFIABLE',
  429: 'TOO_MANY_REQUESTS',
  503: 'SERVICE_UNAVAILABLE',
};

function statusOf(error: Error): number | undefined {
  return 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : undefined;
}

/** Whatever a handler or the framework threw, as a coded error that is fit for a client. */
export function presentableError(error: unknown): CodedError {
  if (error instanceof CodedError) return error.code === 'INTERNAL_ERROR' ? internal(error) : error;
  if (error instanceof ConflictError) {
    return new CodedError('CONFLICT', 'The job changed at the same time; read it again.', { cause: error });
  }
  if (error instanceof NotFoundError) return new CodedError('NOT_FOUND', 'No such job.', { cause: error });
  if (error instanceof Error) {
    const status = statusOf(error);
    // What the framework refuses (malformed JSON, a body that is too large, …) is the client's to know.
    if (status !== undefined && status >= 400 && status < 500) {
      return new CodedError(codeOfStatus[status] ?? 'INVALID_REQUEST', error.message, { cause: error });
    }
    if (status === 503) return new CodedError('SERVICE_UNAVAILABLE', 'The server is closing.', { cause: error });
  }
  return internal(toCodedError(error));
}

/** The text of an unexpected error may hold paths or addresses: it goes to the log, not to the client. */
function internal(cause: CodedError): CodedError {
  return new CodedError(
    'INTERNAL_ERROR',
    'An unexpected error; the log of the server has it under the id of this request.',
    { cause },
  );
}

/** The reply to an error on a path, in the envelope of the shape that the path belongs to. */
export function errorReply(path: string, error: CodedError, requestId: string): ErrorReply {
  const [bare = ''] = path.split('?', 1);
  return envelopeOf(bare)(error, requestId);
}

/** Codes after which trying again later makes sense. */
export function mayRetryLater(code: string): boolean {
  if (!isErrorCode(code)) return false;
  return (
    code === 'QUEUE_DEPTH_EXCEEDED' ||
    code === 'TOO_MANY_REQUESTS' ||
    code === 'SERVICE_UNAVAILABLE' ||
    code === 'STORAGE_UNAVAILABLE' ||
    code === 'STORAGE_FULL'
  );
}
