import { setFlagsFromString } from 'node:v8';
import pino from 'pino';
import { loadConfig, processEnvironment } from '../../config/load-config.ts';
import { toCodedError } from '../../errors/coded-error.ts';

/**
 * It mostly keeps and waits: 13 MB less at ten thousand jobs, for half a second more of a processor per thousand that start.
 */
const collectorFlags = ['--semi-space-growth-factor=1', '--optimize-for-size'];

/** After this the process ends though something is not done yet; the kubelet would kill it soon after. */
const stopLimitMs = 9500;

/**
 * `framewright operator` with its flags by name: leads or stands by until SIGTERM or SIGINT. Prints the address of its
 * metrics on stdout; the log goes to stderr, one JSON object per line. Rejects with a CodedError when it cannot start. When
 * it can no longer renew its lease the process ends at once with exit code 1, since another one may lead.
 */
export async function operatorCommand(flags: Readonly<Record<string, string | undefined>>): Promise<void> {
  for (const flag of collectorFlags) setFlagsFromString(flag);
  const config = loadConfig(flags, processEnvironment(), 'operator');
  const log = pino({ level: config.logLevel, base: null }, pino.destination({ dest: 2, sync: true }));
  const { promise: asked, resolve: ask } = Promise.withResolvers<NodeJS.Signals>();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => ask(signal));

  // What is wrong about the settings is said before anything large is loaded.
  const { startOperator } = await import('./operator-server.ts');
  const starting = startOperator(config, log);
  const operator = await Promise.race([starting, asked]);
  if (typeof operator === 'string') {
    // Nothing has been written yet.
    log.info({ signal: operator }, 'stopped before it was started');
    process.exit(0);
  }
  process.stdout.write(`listening on ${operator.url}\n`);
  const signal = await Promise.race([asked, operator.failed]).catch((error: unknown) => {
    const { message, remedy } = toCodedError(error);
    log.fatal({ remedy: remedy }, message);
    // At once: whatever is under way must not end in another write.
    return process.exit(1);
  });

  log.info({ signal }, 'stopping');
  const late = setTimeout(() => {
    log.error('not everything ended in time; the next leader takes care of the rest');
    process.exit(1);
  }, stopLimitMs);
  await operator[Symbol.asyncDispose]();
  clearTimeout(late);
  // An attempt to reach a server that is away may still be under way; nobody waits for it.
  setTimeout(() => process.exit(0), 200).unref();
}
