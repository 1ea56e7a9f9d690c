import { httpDate } from '../../../lib/http-date.ts';
import type { ApiPlugin } from '../../context.ts';
import { deprecatedOperations } from './operations.ts';
import { unsupportedTemplateRoutes } from './unsupported.ts';

/**
 * The routes under `/api/v1` that `/api` has replaced. They reply as their successors do, and announce their end with
 * `Deprecation` and `Sunset` headers (RFC 8594) and their successor with `Link`.
 */
export const deprecatedRoutes: ApiPlugin = async (app, { context }) => {
  const sunset = httpDate(context.options.deprecated.sunset);
  app.addHook('onRequest', async ({ routeOptions }, reply) => {
    const successor = routeOptions.url?.replace('/api/v1/', '/api/');
    reply
      .header('deprecation', 'true')
      .header('sunset', sunset)
      .header('link', `<${successor}>; rel="successor-version"`);
  });
  deprecatedOperations(app, context);
  unsupportedTemplateRoutes(app, { deprecated: true });
};
