import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { ApiMetrics } from '../../observability/metrics.ts';
import type { ApiContext } from '../context.ts';
import { documentation } from './routes/documentation.ts';
import { metricsRoute } from './routes/metrics.ts';
import { probes } from './routes/probes.ts';

interface SystemOptions {
  readonly context: ApiContext;
  readonly metrics: ApiMetrics;
}

/** Probes, metrics and documentation of the server itself; none needs a key. */
export const systemApi: FastifyPluginAsyncZod<SystemOptions> = async (app, { context, metrics }) => {
  probes(app, context);
  metricsRoute(app, metrics);
  documentation(app);
};
