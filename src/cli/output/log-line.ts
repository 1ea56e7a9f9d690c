import { z } from 'zod';
import { parsedOrUndefined } from '../client/replies.ts';

const levels: ReadonlyMap<number, string> = new Map([
  [10, 'trace'],
  [20, 'debug'],
  [30, 'info'],
  [40, 'warn'],
  [50, 'error'],
  [60, 'fatal'],
]);

const entrySchema = z.looseObject({
  msg: z.string(),
  level: z.number().catch(30),
  time: z.union([z.number(), z.string()]).optional().catch(undefined),
});

/** Members that are the same on every line of a job, or are shown by themselves. */
const omitted = new Set(['level', 'time', 'msg', 'pid', 'hostname', 'job', 'uid', 'attempt', 'stage', 'name']);

/** A line of the worker's log (pino, NDJSON) for people; any other line as it is. */
export function logLine(line: string): string {
  const entry = entrySchema.safeParse(parsedOrUndefined(line));
  if (!entry.success) return line;
  const { msg, level, time } = entry.data;
  const facts = Object.entries(entry.data)
    .filter(([key]) => !omitted.has(key))
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  return [clock(time), (levels.get(level) ?? '').padEnd(5), msg, ...facts].join(' ');
}

function clock(time: number | string | undefined): string {
  const date = time === undefined ? undefined : new Date(time);
  return date && !Number.isNaN(date.getTime()) ? date.toISOString().slice(11, 23) : '';
}
