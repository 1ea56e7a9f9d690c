import { z } from 'zod';
import { errorTable } from '../errors/error-table.ts';
import { editAccepted, editJob } from './edit/edit-job-view.ts';

// Schemas of replies, for the documentation of the API.

const detail = z.strictObject({ path: z.string(), message: z.string() });
const code = z.enum(Object.keys(errorTable)).describe('Code from the error table.');

export const editError = z.strictObject({
  statusCode: z.int().describe('The HTTP status.'),
  code,
  message: z.string().describe('What was expected and what was got.'),
  details: z.array(detail).optional().describe('Every field that failed.'),
});

export const problem = z.strictObject({
  type: z.string(),
  title: z.string().describe('What the code means.'),
  status: z.int().describe('The HTTP status.'),
  detail: z.string().describe('What was expected and what was got.'),
  code,
  remedy: z.string().describe('What to do about it.'),
  details: z.array(detail).optional().describe('Every field that failed.'),
  requestId: z.string().describe('The id of the request in the log of the server.'),
});

/** Error replies of the Edit API, and of all other routes outside the Native API. */
export const editErrors = {
  '4xx': editError.describe('The request was refused.'),
  '5xx': editError.describe('The server failed.'),
};

const problemJson = (
  description: string,
): { description: string; content: Record<string, { schema: typeof problem }> } => ({
  description,
  content: { 'application/problem+json': { schema: problem } },
});

/** Error replies of the Native API: problem details (RFC 9457). */
export const nativeErrors = {
  '4xx': problemJson('The request was refused.'),
  '5xx': problemJson('The server failed.'),
};

export const acceptedReplies = {
  200: editJob.describe('The finished job, with delivery sync.'),
  202: editAccepted.describe('The job is accepted.'),
  ...editErrors,
};

/** A reply whose body is not JSON. */
export function rawReply(
  description: string,
  type: string,
): { description: string; content: Record<string, { schema: z.ZodUnknown }> } {
  // Streams go through here: the compiler must not take the reply for a string.
  return { description, content: { [type]: { schema: z.unknown().meta({ type: 'string' }) } } };
}
