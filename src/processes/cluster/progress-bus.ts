import type { Logger } from 'pino';
import { Histogram, type Registry } from 'prom-client';
import { InProcessBus } from '../../adapters/in-process/in-process-bus.ts';
import { connectProgressBus } from '../../adapters/nats/nats-bus.ts';
import type { Config } from '../../config/load-config.ts';
import type { ProgressBus } from '../../ports/progress-bus.ts';

export type BusConfig = Pick<
  Config,
  'natsUrl' | 'natsCredentialsFile' | 'natsCaFile' | 'natsStorage' | 'natsReplicas' | 'natsMaxAgeSeconds'
>;

export interface OpenedBus extends AsyncDisposable {
  readonly bus: ProgressBus;
  /** Whether news comes; absent where the installation has no NATS. */
  readonly connected?: () => boolean;
}

/**
 * The bus that the configuration names. NATS that is away is no error: jobs render without it and show no progress.
 *
 * @throws CodedError `INVALID_REQUEST` for a URL that is none
 */
export async function openProgressBus(
  config: BusConfig,
  { name, log, registry }: { readonly name: string; readonly log: Logger; readonly registry: Registry },
): Promise<OpenedBus> {
  const { natsUrl, natsCredentialsFile, natsCaFile, natsStorage, natsReplicas, natsMaxAgeSeconds } = config;
  if (natsUrl === undefined) {
    log.warn('FRAMEWRIGHT_NATS_URL is not set: jobs render, and show no progress');
    return { bus: new InProcessBus(), [Symbol.asyncDispose]: () => Promise.resolve() };
  }
  const age = new Histogram({
    name: 'framewright_progress_age_seconds',
    help: 'Time from when a worker said how far it is until it was heard here, by the clocks of both machines.',
    buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers: [registry],
  });
  const bus = await connectProgressBus({
    url: natsUrl,
    credentialsFile: natsCredentialsFile,
    caFile: natsCaFile,
    stream: { storage: natsStorage, replicas: natsReplicas, maxAgeSeconds: natsMaxAgeSeconds },
    name,
    log,
    onAge: (milliseconds) => age.observe(Math.max(0, milliseconds) / 1000),
  });
  return { bus, connected: () => bus.health().following, [Symbol.asyncDispose]: () => bus[Symbol.asyncDispose]() };
}
