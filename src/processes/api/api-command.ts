import { loadConfig, processEnvironment } from '../../config/load-config.ts';
import { runServer } from '../run-server.ts';

/** `framewright api` with its flags by name: see `runServer`. Rejects with a CodedError when it cannot start. */
export async function apiCommand(flags: Readonly<Record<string, string | undefined>>): Promise<void> {
  const config = loadConfig(flags, processEnvironment(), 'api');
  await runServer({
    logLevel: config.log.level,
    start: async (log, signal) => (await import('./api-server.ts')).startClusterApi(config, log, signal),
    afterLateStop: 'clients have to repeat their requests',
  });
}
