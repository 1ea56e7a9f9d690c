import { healthFacts, type Routes } from '../../context.ts';
import { health as healthReply, viewHealth } from '../health-view.ts';

/** `GET /health`, which needs no key. */
export const health: Routes = (app, context) => {
  const { clock } = context.services;
  const { version, retryAfterSeconds } = context.options;
  const startedAt = clock.monotonic();
  app.route({
    method: 'GET',
    url: '/health',
    schema: {
      tags: ['edit'],
      summary: 'Health of the installation',
      security: [],
      response: {
        200: healthReply.describe('Everything works.'),
        503: healthReply.describe('Something does not work; `error` has the reason.'),
      },
    },
    handler: async (_request, reply) => {
      const facts = await healthFacts(context, app.log);
      const view = viewHealth(facts, (clock.monotonic() - startedAt) / 1000, version);
      if (view.status === 'degraded') reply.code(503).header('retry-after', retryAfterSeconds);
      return reply.header('cache-control', 'no-store').send(view);
    },
  });
};
