import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { HealthFacts } from '../../observability/health.ts';
import type { ApiMetrics } from '../../observability/metrics.ts';
import type { ApiContext } from '../context.ts';
import { rawReply } from '../http/reply-schemas.ts';
import { docsPage, docsSecurityPolicy } from './docs-page.ts';
import { health, viewHealth } from './health-view.ts';
import { publishedApi } from './openapi.ts';

const probe = z.strictObject({ status: z.enum(['ok', 'unavailable']) });

/** What is assumed when the facts cannot be had. */
const unknown: HealthFacts = {
  storeOk: false,
  qsv: false,
  qsvExpected: false,
  canRun: false,
  workers: 0,
  busyWorkers: 0,
  maxWorkers: 0,
  queued: 0,
};

/** Health, probes, metrics and documentation; none needs a key. */
export function system(plain: FastifyInstance, { services, options }: ApiContext, metrics: ApiMetrics): void {
  const app = plain.withTypeProvider<ZodTypeProvider>();
  const { clock } = services;
  const startedAt = clock.monotonic();
  // Made when it is first asked for: it takes a while, and never changes.
  let document: Record<string, unknown> | undefined;
  const api = (): Record<string, unknown> => (document ??= publishedApi(plain));

  const facts = async (): Promise<HealthFacts> => {
    try {
      return await services.health();
    } catch (error) {
      plain.log.error({ error: String(error) }, 'health check failed');
      return unknown;
    }
  };

  app.get(
    '/health',
    {
      schema: {
        tags: ['system'],
        summary: 'Health of the installation',
        security: [],
        response: {
          200: health.describe('All is well.'),
          503: health.describe('Something is not; `error` says what.'),
        },
      },
    },
    async (_request, reply) => {
      const view = viewHealth(await facts(), (clock.monotonic() - startedAt) / 1000, options.version);
      if (view.status === 'degraded') reply.code(503).header('retry-after', options.retryAfterSeconds);
      return reply.header('cache-control', 'no-store').send(view);
    },
  );

  app.get(
    '/livez',
    { schema: { tags: ['system'], summary: 'The process answers', security: [], response: { 200: probe } } },
    async () => ({ status: 'ok' as const }),
  );

  app.get(
    '/readyz',
    {
      schema: {
        tags: ['system'],
        summary: 'Requests can be served',
        security: [],
        response: { 200: probe, 503: probe },
      },
    },
    async (_request, reply) => {
      const { storeOk } = await facts();
      return reply.code(storeOk ? 200 : 503).send({ status: storeOk ? 'ok' : 'unavailable' });
    },
  );

  app.get(
    '/metrics',
    {
      schema: {
        tags: ['system'],
        summary: 'Metrics',
        security: [],
        response: { 200: rawReply('Prometheus text format.', 'text/plain') },
      },
    },
    async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()),
  );

  app.get(
    '/openapi.json',
    {
      schema: {
        tags: ['system'],
        summary: 'This description',
        security: [],
        response: { 200: z.unknown().describe('An OpenAPI 3.1 document.') },
      },
    },
    async () => api(),
  );

  app.get(
    '/docs',
    {
      schema: {
        tags: ['system'],
        summary: 'This description as a page',
        security: [],
        response: { 200: rawReply('A page.', 'text/html') },
      },
    },
    async (_request, reply) =>
      reply
        .type('text/html; charset=utf-8')
        .header('content-security-policy', docsSecurityPolicy)
        .send(docsPage(api())),
  );
}
