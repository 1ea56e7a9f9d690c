import { z } from 'zod';
import { errorTable } from '../../errors/error-table.ts';

// Schemas of replies for the documentation of the API, as far as all rooms share them.

export const errorDetail = z.strictObject({ path: z.string(), message: z.string() });

export const errorCode = z.enum(Object.keys(errorTable)).describe('Code from the error table.');

export const plainError = z.strictObject({
  statusCode: z.int().describe('The HTTP status.'),
  code: errorCode,
  message: z.string().describe('What was expected and what was got.'),
  details: z.array(errorDetail).optional().describe('Every field that failed.'),
});

/** Error replies of routes that belong to no API with an error envelope of its own. */
export const plainErrors = {
  '4xx': plainError.describe('The request was rejected.'),
  '5xx': plainError.describe('The server failed.'),
};

/** A reply whose body is not JSON. */
export function rawReply(
  description: string,
  type: string,
): { description: string; content: Record<string, { schema: z.ZodUnknown }> } {
  // Streams use this too: without the schema the compiler would take the reply for a string.
  return { description, content: { [type]: { schema: z.unknown().meta({ type: 'string' }) } } };
}
