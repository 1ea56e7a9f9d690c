import { z } from 'zod';
import type { ErrorEnvelope } from '../http/error-replies.ts';
import { errorCode, errorDetail } from '../http/reply-schemas.ts';

// The error envelope of the Native API: problem details (RFC 9457).

/** The code, the remedy and the failing fields are extension members. */
export const problemEnvelope: ErrorEnvelope = (error, requestId) => ({
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

export const problem = z.strictObject({
  type: z.string(),
  title: z.string().describe('What the code means.'),
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
