import { z } from 'zod';
import type { ApiRoutes } from '../../context.ts';
import { rawReply } from '../../http/reply-schemas.ts';
import { docsPage, docsSecurityPolicy } from '../docs-page.ts';
import { publishedApi } from '../openapi.ts';

/** `GET /openapi.json` and `GET /docs` */
export function documentation(app: ApiRoutes): void {
  // Created on the first request: it takes a while, and never changes.
  let document: Record<string, unknown> | undefined;
  const api = (): Record<string, unknown> => (document ??= publishedApi(app));

  app.route({
    method: 'GET',
    url: '/openapi.json',
    schema: {
      tags: ['system'],
      summary: 'This description',
      security: [],
      response: { 200: z.unknown().describe('An OpenAPI 3.1 document.') },
    },
    handler: async () => api(),
  });

  app.route({
    method: 'GET',
    url: '/docs',
    schema: {
      tags: ['system'],
      summary: 'This description as a page',
      security: [],
      response: { 200: rawReply('A page.', 'text/html') },
    },
    handler: async (_request, reply) =>
      reply
        .type('text/html; charset=utf-8')
        .header('content-security-policy', docsSecurityPolicy)
        .send(docsPage(api())),
  });
}
