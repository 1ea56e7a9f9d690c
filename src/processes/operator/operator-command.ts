import { setFlagsFromString } from 'node:v8';
import { loadConfig, processEnvironment } from '../../config/load-config.ts';
import { runServer } from '../run-server.ts';

/**
 * The process is mostly idle: 13 MB less at ten thousand jobs, for half a second more of a processor per thousand jobs that
 * start.
 */
const collectorFlags = ['--semi-space-growth-factor=1', '--optimize-for-size'];

/**
 * `framewright operator` with its flags by name: leads or stands by, see `runServer`. The printed address is that of its
 * metrics. Rejects with a CodedError when it cannot start. When it can no longer renew its lease the process exits with 1
 * immediately, since another one may lead.
 */
export async function operatorCommand(flags: Readonly<Record<string, string | undefined>>): Promise<void> {
  for (const flag of collectorFlags) setFlagsFromString(flag);
  const config = loadConfig(flags, processEnvironment(), 'operator');
  await runServer({
    logLevel: config.log.level,
    start: async (log, signal) => (await import('./operator-server.ts')).startOperator(config, log, signal),
    afterLateStop: 'the next leader recovers the rest',
  });
}
