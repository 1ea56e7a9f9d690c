import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { createServer } from '../api/server.ts';
import { type ApiServices, defaultApiOptions } from '../api/services.ts';
import type { Config } from '../config/load-config.ts';
import { omitUndefined } from '../lib/omit-undefined.ts';
import { version } from '../lib/version.ts';
import { listenError } from './listen-error.ts';

/** The HTTP server with the limits of the configuration. */
export function configuredServer(
  { server, limits }: Pick<Config, 'server' | 'limits'>,
  services: ApiServices,
  { logger, registry }: { readonly logger: Logger; readonly registry: Registry },
): FastifyInstance {
  const { publicUrl, syncWaitSeconds, deprecatedRoutes, sunset } = server;
  return createServer(services, {
    ...defaultApiOptions,
    ...omitUndefined({ publicUrl }),
    version,
    limits: { ...defaultApiOptions.limits, ...limits },
    syncWaitSeconds,
    deprecated: { enabled: deprecatedRoutes, sunset },
    logger,
    registry,
  });
}

/**
 * Starts to listen; resolves with the URL.
 *
 * @throws CodedError `ADDRESS_IN_USE` when the address cannot be listened on
 */
export async function listen(server: FastifyInstance, { host, port }: Config['server']): Promise<string> {
  try {
    return await server.listen({ host, port });
  } catch (error) {
    throw listenError(error, { host, port, remedy: 'Choose another --port (0 is any free one) or --host' });
  }
}
