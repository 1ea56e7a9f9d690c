import { z } from 'zod';
import { CodedError } from '../errors.ts';
import type { JobFilter } from '../ports.ts';

export interface Condition {
  readonly text: string;
  readonly values: readonly (string | number)[];
}

/** The SQL condition of a filter on the table `job`; values travel as parameters, never in the text. */
export function whereOf(filter: JobFilter): Condition {
  const { namespace, owner, type, phases, text, node, since } = filter;
  const parts: Condition[] = [];
  if (namespace !== undefined) parts.push({ text: 'namespace = ?', values: [namespace] });
  if (owner !== undefined) parts.push({ text: 'owner = ?', values: [owner] });
  if (type !== undefined) parts.push({ text: 'type = ?', values: [type] });
  if (phases !== undefined) parts.push({ text: `phase IN (${phases.map(() => '?').join(', ')})`, values: phases });
  if (text !== undefined) parts.push({ text: 'instr(lower(name), ?) > 0', values: [text.toLowerCase()] });
  if (since !== undefined) parts.push({ text: 'created_at >= ?', values: [since] });
  if (node !== undefined) {
    parts.push({
      text: "EXISTS (SELECT 1 FROM json_each(status, '$.attempts') AS attempt WHERE attempt.value ->> 'node' = ?)",
      values: [node],
    });
  }
  return allOf(parts);
}

/** The conjunction of conditions; of none: always true. */
export function allOf(parts: readonly Condition[]): Condition {
  return {
    text: ['TRUE', ...parts.map(({ text }) => text)].join(' AND '),
    values: parts.flatMap(({ values }) => values),
  };
}

const position = z.coerce.number().int().positive().max(Number.MAX_SAFE_INTEGER);

/** An opaque cursor: the place of the last item of a page in the order of creation. New items do not move it. */
export function cursorAfter(seq: number): string {
  return Buffer.from(`seq:${seq}`).toString('base64url');
}

/** The place that a cursor names. Throws `INVALID_REQUEST` for what `cursorAfter` did not make. */
export function placeOf(cursor: string): number {
  const [, digits] = /^seq:([0-9]{1,16})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1')) ?? [];
  const parsed = position.safeParse(digits);
  if (parsed.success) return parsed.data;
  throw new CodedError('INVALID_REQUEST', 'Expected the cursor of a page that was listed before, got something else', {
    hint: 'Pass `cursor` as the page before gave it, or leave it out to start with the first page.',
  });
}
