import type { FastifyInstance } from 'fastify';
import { httpDate } from '../../lib/http-date.ts';
import type { ApiContext } from '../context.ts';
import { editOperations } from './edit-operations.ts';
import { unsupportedTemplateRoutes } from './unsupported-routes.ts';

/**
 * The routes under `/api/v1` that `/api` has replaced. They answer the same, and say by `Deprecation` and `Sunset`
 * (RFC 8594) that and when they go away, and by `Link` where to turn to.
 */
export function deprecatedRoutes(app: FastifyInstance, context: ApiContext): void {
  const sunset = httpDate(context.options.deprecated.sunset);
  app.addHook('onRequest', async ({ routeOptions }, reply) => {
    const successor = routeOptions.url?.replace('/api/v1/', '/api/');
    reply
      .header('deprecation', 'true')
      .header('sunset', sunset)
      .header('link', `<${successor}>; rel="successor-version"`);
  });
  editOperations(app, context, true);
  unsupportedTemplateRoutes(app, true);
}
