import { STATUS_CODES } from 'node:http';
import { z } from 'zod';
import type { ErrorEnvelope } from '../http/error-replies.ts';
import { errorCode, errorDetail } from '../http/reply-schemas.ts';

// The error envelope of the Native API: problem details (RFC 9457).

/**
 * The code, the remedy and the failing fields are extension members. With the type `about:blank` the title is the phrase of
 * the status (RFC 9457, section 4.2.1).
 */
export const problemEnvelope: ErrorEnvelope = (error, requestId) => ({
  status: error.definition.status,
  contentType: 'application/problem+json; charset=utf-8',
  body: {
    type: 'about:blank',
    title: STATUS_CODES[error.definition.status] ?? 'Error',
    status: error.definition.status,
    detail: error.message,
    code: error.code,
    remedy: error.remedy,
    ...(error.details.length > 0 && { details: error.details }),
    requestId,
  },
});

export const problem = z.strictObject({
  type: z.string(),
  title: z.string().describe('The phrase of the HTTP status.'),
  status: z.int().describe('The HTTP status.'),
  detail: z.string().describe('What was expected and what was got.'),
  code: errorCode,
  remedy: z.string().describe('What to do about it.'),
  details: z.array(errorDetail).optional().describe('Every field that failed.'),
  requestId: z.string().describe('The id of the request in the server log.'),
});

const problemJson = (
  description: string,
): { description: string; content: Record<string, { schema: typeof problem }> } => ({
  description,
  content: { 'application/problem+json': { schema: problem } },
});

export const nativeErrors = {
  '4xx': problemJson('The request was rejected.'),
  '5xx': problemJson('The server failed.'),
};
