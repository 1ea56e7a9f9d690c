import pino, { type Logger } from 'pino';
import type { StageIdentity } from '../model/job/stage.ts';
import type { LogLevel } from './worker-settings.ts';

export type StageLog = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>;

const stderr = 2;

/** The worker's log: NDJSON on stderr, written synchronously, since a worker may be killed at any moment. */
export function createStageLog(level: LogLevel, identity: Partial<StageIdentity> = {}): StageLog {
  const { namespace, name, uid, attempt, stage } = identity;
  const destination = pino.destination({ fd: stderr, sync: true });
  // A closed stderr must not end the worker before it has cleaned up.
  destination.on('error', () => undefined);
  return pino({ level, base: { namespace, job: name, uid, attempt, stage } }, destination);
}
