import { z } from 'zod';
import { CodedError } from '../../../errors/coded-error.ts';
import { annotations as keys } from '../../../model/labels.ts';
import type { ObjectMeta } from '../client/api-object.ts';

/** Microseconds since 1970 with all digits up to the year 2286, so that they sort as text. */
const digits = 16;
const created = z.string().regex(new RegExp(`^\\d{${digits}}$`));

/** Gives each job that this process creates a later instant than the one before, even within one millisecond. */
export class CreationClock {
  readonly #now: () => number;
  #last = 0;

  /** @param now Unix milliseconds */
  constructor(now: () => number) {
    this.#now = now;
  }

  next(): string {
    this.#last = Math.max(this.#last + 1, Math.floor(this.#now() * 1000));
    return padded(this.#last);
  }
}

/**
 * A job's key in the order of creation: its instant, then its uid. It never changes and is the same for every reader, as
 * a cursor needs.
 */
export function creationOrder({ annotations, creationTimestamp, uid }: ObjectMeta): string {
  const fine = created.safeParse(annotations?.[keys.created]);
  const seconds = Date.parse(creationTimestamp ?? '') * 1000;
  return `${fine.success ? fine.data : padded(Number.isNaN(seconds) ? 0 : seconds)}-${uid}`;
}

/** The instant of a client is used when it differs from the API server's by at most this much. */
const maxSkewMs = 5000;

/**
 * When a job was created, with milliseconds where they are known: a client that polls for jobs since an instant would miss
 * jobs of the same second.
 */
export function creationTime({ annotations, creationTimestamp = '' }: ObjectMeta): string {
  const fine = created.safeParse(annotations?.[keys.created]);
  const instant = fine.success ? Math.floor(Number(fine.data) / 1000) : Number.NaN;
  return Math.abs(instant - Date.parse(creationTimestamp)) <= maxSkewMs
    ? new Date(instant).toISOString()
    : creationTimestamp;
}

/** An opaque cursor: the key of the last item of a page. New jobs do not move it. */
export function cursorAfter(order: string): string {
  return Buffer.from(`at:${order}`).toString('base64url');
}

/** The key in a cursor. Throws `INVALID_REQUEST` for a text that is not from `cursorAfter`. */
export function orderOf(cursor: string): string {
  const [, order] = /^at:(\d{16}-.{1,64})$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  if (order !== undefined) return order;
  throw new CodedError('INVALID_REQUEST', 'Expected `cursor` to be from the previous page of this list', {
    remedy: 'Pass the `cursor` of the previous page unchanged, or omit it to get the first page.',
  });
}

function padded(microseconds: number): string {
  return String(microseconds).padStart(digits, '0');
}
