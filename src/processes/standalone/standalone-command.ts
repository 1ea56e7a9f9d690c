import { loadConfig } from '../../config/load-config.ts';
import { runServer } from '../run-server.ts';

/**
 * `framewright standalone` with its flags by name: see `runServer`. Workers are started as `entry` with the verb `worker`.
 * Rejects with a CodedError when it cannot start.
 */
export async function standaloneCommand(
  flags: Readonly<Record<string, string | undefined>>,
  entry: string,
): Promise<void> {
  const config = loadConfig(flags);
  await runServer({
    logLevel: config.log.level,
    start: async (log, signal) =>
      (await import('./standalone-server.ts')).startStandalone({ config, log, entry, signal }),
    afterLateStop: 'the next start recovers the rest',
  });
}
