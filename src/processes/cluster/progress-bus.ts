import type { Logger } from 'pino';
import { Histogram, type Registry } from 'prom-client';
import { InProcessBus } from '../../adapters/in-process/in-process-bus.ts';
import { connectProgressBus } from '../../adapters/nats/nats-bus.ts';
import type { Config } from '../../config/load-config.ts';
import type { ProgressBus } from '../../ports/progress-bus.ts';

export interface OpenedBus extends AsyncDisposable {
  readonly bus: ProgressBus;
  /** Whether progress is received at present; absent where the installation has no NATS. */
  readonly connected?: () => boolean;
}

/**
 * The bus that the configuration names. NATS that is unavailable is no error: jobs render and show no progress.
 *
 * @throws CodedError `INVALID_REQUEST` for an invalid URL
 */
export async function openProgressBus(
  { url, credentialsFile, caFile, storage, replicas, maxAgeSeconds }: Config['nats'],
  { name, log, registry }: { readonly name: string; readonly log: Logger; readonly registry: Registry },
): Promise<OpenedBus> {
  if (url === undefined) {
    log.warn('FRAMEWRIGHT_NATS_URL is not set: jobs render and show no progress');
    return { bus: new InProcessBus(), [Symbol.asyncDispose]: () => Promise.resolve() };
  }
  const age = progressAge(registry);
  const bus = await connectProgressBus({
    url,
    credentialsFile,
    caFile,
    stream: { storage, replicas, maxAgeSeconds },
    name,
    log,
    onAge: (milliseconds) => age.observe(Math.max(0, milliseconds) / 1000),
  });
  return { bus, connected: () => bus.health().following, [Symbol.asyncDispose]: () => bus[Symbol.asyncDispose]() };
}

/** Registers `framewright_progress_age_seconds`. */
export function progressAge(registry: Registry): Histogram {
  return new Histogram({
    name: 'framewright_progress_age_seconds',
    help: 'Time from when a worker sent a progress message until it was received here, by the clocks of both machines.',
    buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers: [registry],
  });
}
