import { CodedError, toCodedError } from '../../errors/coded-error.ts';
import { codeOfStatus } from '../../errors/error-table.ts';
import { ConflictError, NotFoundError } from '../../ports/job-store.ts';

// Each published API has its own error envelope, in its own room; the envelope here is that of all other routes.

interface ErrorReply {
  readonly status: number;
  readonly contentType: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Writes an error in the form that the clients of an API expect. */
export type ErrorEnvelope = (error: CodedError, requestId: string) => ErrorReply;

/** `{statusCode, code, message}`, and `details` where single fields failed. */
export const plainEnvelope: ErrorEnvelope = (error) => ({
  status: error.definition.status,
  contentType: 'application/json; charset=utf-8',
  body: {
    statusCode: error.definition.status,
    code: error.code,
    message: error.message,
    ...(error.details.length > 0 && { details: error.details }),
  },
});

/** The envelopes of the published APIs by the start of their paths. */
export type EnvelopesByPrefix = Readonly<Record<string, ErrorEnvelope>>;

/** The envelope of a URL's path: that of the API it belongs to, else the plain one. */
export function envelopeOf(envelopes: EnvelopesByPrefix, url: string): ErrorEnvelope {
  const [path = ''] = url.split('?', 1);
  const found = Object.entries(envelopes).find(([prefix]) => path === prefix || path.startsWith(`${prefix}/`));
  return found?.[1] ?? plainEnvelope;
}

function statusOf(error: Error): number | undefined {
  return 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : undefined;
}

/** Anything that a handler or the framework threw, as a coded error that may be shown to a client. */
export function presentableError(error: unknown): CodedError {
  if (error instanceof CodedError) return error.code === 'INTERNAL_ERROR' ? internal(error) : error;
  if (error instanceof ConflictError) {
    return new CodedError('CONFLICT', 'The job changed at the same time; read it again.', { cause: error });
  }
  if (error instanceof NotFoundError) return new CodedError('NOT_FOUND', 'No such job.', { cause: error });
  if (error instanceof Error) {
    const status = statusOf(error);
    // What the framework rejects (malformed JSON, a body that is too large, …) is a mistake of the client.
    if (status !== undefined && status >= 400 && status < 500) {
      return new CodedError(codeOfStatus(status), error.message, { cause: error });
    }
    if (status === 503) return new CodedError('SERVICE_UNAVAILABLE', 'The server is closing.', { cause: error });
  }
  return internal(toCodedError(error));
}

/** The text of an unexpected error may contain paths or addresses: it is written to the log, not sent to the client. */
function internal(cause: CodedError): CodedError {
  return new CodedError('INTERNAL_ERROR', 'An unexpected error; the server log has it under the id of this request.', {
    cause,
  });
}
