import type { FastifyRequest } from 'fastify';
import { CodedError } from '../../errors/coded-error.ts';

/** Header of the IETF working group httpapi for idempotent requests. */
const header = 'idempotency-key';

/** The idempotency key of a request: 1 to 255 visible ASCII characters; `undefined` without one. */
export function idempotencyKeyOf({ headers }: Pick<FastifyRequest, 'headers'>): string | undefined {
  const value = headers[header];
  if (value === undefined) return undefined;
  const text = Array.isArray(value) ? value.join(',') : value;
  if (!/^[\x21-\x7e]{1,255}$/.test(text)) {
    throw new CodedError(
      'INVALID_REQUEST',
      `Expected Idempotency-Key to be 1 to 255 visible ASCII characters, got ${text.length}.`,
      {
        details: [{ path: header, message: 'must be 1 to 255 visible ASCII characters' }],
      },
    );
  }
  return text;
}

export function idempotencyMismatch(): CodedError {
  return new CodedError(
    'IDEMPOTENCY_MISMATCH',
    'Expected the body that was first sent with this Idempotency-Key, got a different body.',
  );
}
