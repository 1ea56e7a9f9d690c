import { z } from 'zod';
import { CodedError } from '../../errors/coded-error.ts';

const position = z.coerce.number().int().positive().max(Number.MAX_SAFE_INTEGER);

/** An opaque cursor: the position of the last item of a page in the order of creation. New items do not move it. */
export function cursorAfter(seq: number): string {
  return Buffer.from(`seq:${seq}`).toString('base64url');
}

/** The position that a cursor holds. Throws `INVALID_REQUEST` for a text that is no cursor. */
export function positionOf(cursor: string): number {
  const [, digits] = /^seq:([0-9]{1,16})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1')) ?? [];
  const parsed = position.safeParse(digits);
  if (parsed.success) return parsed.data;
  throw new CodedError('INVALID_REQUEST', 'Expected `cursor` to be from the previous page of this list', {
    remedy: 'Pass the `cursor` of the previous page unchanged, or omit it to get the first page.',
  });
}
