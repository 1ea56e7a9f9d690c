import type { ApiMetrics } from '../../../observability/metrics.ts';
import type { ApiRoutes } from '../../context.ts';
import { rawReply } from '../../http/reply-schemas.ts';

/** `GET /metrics` */
export function metricsRoute(app: ApiRoutes, metrics: ApiMetrics): void {
  app.route({
    method: 'GET',
    url: '/metrics',
    schema: {
      tags: ['system'],
      summary: 'Metrics',
      security: [],
      response: { 200: rawReply('Prometheus text format.', 'text/plain') },
    },
    handler: async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()),
  });
}
