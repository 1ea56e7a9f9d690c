import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { isTerminal } from '../../model/status/lifecycle.ts';
import { type ApiContext, goneSignal, nativeView, publicBase } from '../context.ts';
import { callerOf } from '../http/auth.ts';
import { eventStreamType } from '../http/event-stream.ts';
import { findJob } from '../jobs/job-access.ts';
import { jobEvents, parseSeen } from '../jobs/job-events.ts';
import { nativeErrors, rawReply } from '../replies.ts';
import { allowedNamespace } from './native-bodies.ts';
import { withoutSecrets } from './native-job-view.ts';

/** `GET /apis/render-jobs/:id/events`: a job as it changes, as server-sent events. */
export function nativeEvents(plain: FastifyInstance, context: ApiContext): void {
  const app = plain.withTypeProvider<ZodTypeProvider>();
  const { services, options, news } = context;

  app.route({
    method: 'GET',
    url: '/render-jobs/:id/events',
    exposeHeadRoute: false,
    schema: {
      tags: ['native'],
      summary: 'Follow a job',
      description:
        'Events: `job` (the present state first, then each change), `progress`, `removed`. Ends when the job has ended.',
      params: z.object({ id: z.string().describe('Name of the job.') }),
      querystring: z.strictObject({
        namespace: z.string().min(1).max(63).optional().describe('Namespace of the job; for admins.'),
      }),
      response: {
        200: rawReply('Server-sent events.', 'text/event-stream'),
        204: z.unknown().describe('The job has ended and Last-Event-ID has seen it: do not come back.'),
        ...nativeErrors,
      },
    },
    handler: async (request, reply) => {
      const caller = callerOf(request);
      const namespace = allowedNamespace(caller, request.query.namespace);
      const known = await findJob(services.store, caller, request.params.id, { namespace });
      const seen = parseSeen(request.headers['last-event-id']?.toString());
      // Another server may have told this client of a state that has not come here yet.
      const job = (seen && (await services.store.get(known.metadata, { fresh: true }))) ?? known;
      const { uid, resourceVersion } = job.metadata;
      if (isTerminal(job.status?.phase) && seen?.uid === uid && seen.version === resourceVersion)
        return reply.code(204).send(null);
      context.streams.add(request, reply);
      const base = publicBase(context, request);
      const sources = {
        ...services,
        news,
        heartbeatSeconds: options.heartbeatSeconds,
        // Streams are recorded and shown more often than lookups: no signed source URL in them, whoever listens.
        view: async (changed: typeof job) => withoutSecrets(await nativeView(context, caller, changed, base)),
      };
      reply.type(eventStreamType).header('cache-control', 'no-store').header('x-accel-buffering', 'no');
      const events = jobEvents(sources, job, seen, goneSignal(reply));
      return reply.send(Readable.from(events, { objectMode: false, highWaterMark: 16 * 1024 }));
    },
  });
}
