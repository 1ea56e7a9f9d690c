import { member, number, text } from '../client/json.ts';

const levels: ReadonlyMap<number, string> = new Map([
  [10, 'trace'],
  [20, 'debug'],
  [30, 'info'],
  [40, 'warn'],
  [50, 'error'],
  [60, 'fatal'],
]);

/** Members of a log line that are the same on every line of a job, or are shown by themselves. */
const dull = new Set(['level', 'time', 'msg', 'pid', 'hostname', 'job', 'uid', 'attempt', 'stage', 'name']);

/** A line of the worker's log (pino, NDJSON) for the eye; any other line as it is. */
export function logLine(line: string): string {
  let entry: unknown;
  try {
    entry = JSON.parse(line);
  } catch {
    return line;
  }
  const message = text(entry, 'msg');
  if (typeof entry !== 'object' || entry === null || message === undefined) return line;
  const rest = Object.entries(entry).filter(([key]) => !dull.has(key));
  const facts = rest.map(
    ([key, value]: [string, unknown]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return [
    clock(member(entry, 'time')),
    (levels.get(number(entry, 'level') ?? 30) ?? '').padEnd(5),
    message,
    ...facts,
  ].join(' ');
}

function clock(time: unknown): string {
  const date = typeof time === 'number' || typeof time === 'string' ? new Date(time) : undefined;
  return date && !Number.isNaN(date.getTime()) ? date.toISOString().slice(11, 23) : '';
}
