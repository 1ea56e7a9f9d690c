import { z } from 'zod';
import { healthFacts, type Routes } from '../../context.ts';

const probe = z.strictObject({ status: z.enum(['ok', 'unavailable']) });

/** `GET /livez` and `GET /readyz` */
export const probes: Routes = (app, context) => {
  app.route({
    method: 'GET',
    url: '/livez',
    schema: { tags: ['system'], summary: 'The process responds', security: [], response: { 200: probe } },
    handler: async () => ({ status: 'ok' as const }),
  });

  app.route({
    method: 'GET',
    url: '/readyz',
    schema: {
      tags: ['system'],
      summary: 'Requests can be served',
      security: [],
      response: { 200: probe, 503: probe },
    },
    handler: async (_request, reply) => {
      const { storeOk } = await healthFacts(context, app.log);
      return reply.code(storeOk ? 200 : 503).send({ status: storeOk ? 'ok' : 'unavailable' });
    },
  });
};
