import type { JobFilter } from '../../ports/job-store.ts';
import { allOf, type Condition } from './sql-condition.ts';

/** The SQL condition of a filter on the table `job`; values travel as parameters, never in the text. */
export function whereOf(filter: JobFilter): Condition {
  const { namespace, owner, type, phases, text, node, since, asset } = filter;
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
  if (asset !== undefined) {
    parts.push({
      text: "EXISTS (SELECT 1 FROM json_each(spec, '$.inputs') AS input WHERE input.value ->> 'asset' = ?)",
      values: [asset],
    });
  }
  return allOf(parts);
}
