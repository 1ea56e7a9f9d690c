import { z } from 'zod';
import { CodedError } from '../../../errors/coded-error.ts';
import { annotations as keys } from '../../../model/labels.ts';
import type { ObjectMeta } from '../client/api-object.ts';

/** Microseconds since 1970 with all digits up to the year 2286, so that they sort as text. */
const digits = 16;
const created = z.string().regex(new RegExp(`^\\d{${digits}}$`));

/** Gives a rising moment to each job that this process makes, also within one millisecond. */
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
 * A job's place in the order of creation: its moment, then its uid. The same for every reader at every time, which is
 * what a cursor needs.
 */
export function creationOrder({ annotations, creationTimestamp, uid }: ObjectMeta): string {
  const fine = created.safeParse(annotations?.[keys.created]);
  const seconds = Date.parse(creationTimestamp ?? '') * 1000;
  return `${fine.success ? fine.data : padded(Number.isNaN(seconds) ? 0 : seconds)}-${uid}`;
}

/** How far the clock of whoever made a job may be from that of the API server for its moment to be believed. */
const skewMs = 5000;

/**
 * When a job was made, with milliseconds where they are known: those who poll for what was made since an instant would
 * miss jobs of the same second.
 */
export function creationTime({ annotations, creationTimestamp = '' }: ObjectMeta): string {
  const fine = created.safeParse(annotations?.[keys.created]);
  const moment = fine.success ? Math.floor(Number(fine.data) / 1000) : Number.NaN;
  return Math.abs(moment - Date.parse(creationTimestamp)) <= skewMs
    ? new Date(moment).toISOString()
    : creationTimestamp;
}

/** An opaque cursor: the place of the last item of a page. New jobs do not move it. */
export function cursorAfter(order: string): string {
  return Buffer.from(`at:${order}`).toString('base64url');
}

/** The place that a cursor names. Throws `INVALID_REQUEST` for what `cursorAfter` did not make. */
export function orderOf(cursor: string): string {
  const [, order] = /^at:(\d{16}-.{1,64})$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  if (order !== undefined) return order;
  throw new CodedError('INVALID_REQUEST', 'Expected the cursor of a page that was listed before, got something else', {
    remedy: 'Pass `cursor` as the page before gave it, or leave it out to start with the first page.',
  });
}

function padded(microseconds: number): string {
  return String(microseconds).padStart(digits, '0');
}
