import pino from 'pino';
import { loadConfig } from '../../config/load-config.ts';
import { startStandalone } from './standalone-server.ts';

/** After this the process ends though something is not done yet; a service manager would kill it soon after. */
const stopLimitMs = 9500;

/**
 * `framewright standalone` with its flags by name: serves until SIGTERM or SIGINT. Prints the address on stdout; the log
 * goes to stderr, one JSON object per line. Workers are started as `entry` with the verb `worker`. Rejects with a CodedError when it cannot start.
 */
export async function standaloneCommand(
  flags: Readonly<Record<string, string | undefined>>,
  entry: string,
): Promise<void> {
  const config = loadConfig(flags);
  const log = pino({ level: config.logLevel, base: null }, pino.destination({ dest: 2, sync: true }));
  const { promise: asked, resolve: ask } = Promise.withResolvers<NodeJS.Signals>();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => ask(signal));

  const server = await startStandalone(config, log, entry);
  if (server.newKeyFile !== undefined) process.stdout.write(`wrote the first admin key to ${server.newKeyFile}\n`);
  process.stdout.write(`listening on ${server.url}\n`);

  log.info({ signal: await asked }, 'stopping');
  const late = setTimeout(() => {
    log.error('not everything ended in time; the next start takes care of the rest');
    process.exit(1);
  }, stopLimitMs);
  await server[Symbol.asyncDispose]();
  clearTimeout(late);
}
