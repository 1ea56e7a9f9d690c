import { z } from 'zod';
import { type ErrorCode, errorTable, isErrorCode } from '../../errors/error-table.ts';
import { type ErrorEnvelope, plainEnvelope } from '../http/error-replies.ts';
import { plainError } from '../http/reply-schemas.ts';

/** Codes of the Edit API document that have another name in the error table. */
const documentedCodes: Partial<Record<ErrorCode, string>> = { SOURCE_HOST_NOT_ALLOWED: 'CDN_URL_NOT_ALLOWED' };

function documentedCode(code: ErrorCode): string {
  return documentedCodes[code] ?? code;
}

/** Error envelope of the Edit API: the plain one, with the codes of its document. */
export const editEnvelope: ErrorEnvelope = (error, requestId) => {
  const { body, ...reply } = plainEnvelope(error, requestId);
  return { ...reply, body: { ...body, code: documentedCode(error.code) } };
};

export const editError = z.strictObject({
  ...plainError.shape,
  code: z.enum(Object.keys(errorTable).filter(isErrorCode).map(documentedCode)).describe('Code from the error table.'),
});

export const editErrors = {
  '4xx': editError.describe('The request was rejected.'),
  '5xx': editError.describe('The server failed.'),
};
