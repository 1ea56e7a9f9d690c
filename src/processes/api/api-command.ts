import pino from 'pino';
import { loadConfig } from '../../config/load-config.ts';
import { startClusterApi } from './api-server.ts';

/** After this the process ends though something is not done yet; the kubelet would kill it soon after. */
const stopLimitMs = 9500;

/**
 * `framewright api` with its flags by name: serves until SIGTERM or SIGINT. Prints the address on stdout; the log goes to
 * stderr, one JSON object per line. Rejects with a CodedError when it cannot start.
 */
export async function apiCommand(flags: Readonly<Record<string, string | undefined>>): Promise<void> {
  const config = loadConfig(flags, undefined, 'api');
  const log = pino({ level: config.logLevel, base: null }, pino.destination({ dest: 2, sync: true }));
  const { promise: asked, resolve: ask } = Promise.withResolvers<NodeJS.Signals>();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => ask(signal));

  const api = await Promise.race([startClusterApi(config, log), asked]);
  // Asked to stop before anybody was served: there is nothing to end in good order.
  if (typeof api === 'string') process.exit(0);
  process.stdout.write(`listening on ${api.url}\n`);

  log.info({ signal: await asked }, 'stopping');
  const late = setTimeout(() => {
    log.error('not everything ended in time');
    process.exit(1);
  }, stopLimitMs);
  await api[Symbol.asyncDispose]();
  clearTimeout(late);
}
