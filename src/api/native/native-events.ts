import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { isTerminal } from '../../model/status/lifecycle.ts';
import { type ApiContext, closeSignal, publicBase } from '../context.ts';
import { callerOf } from '../http/auth.ts';
import { eventStreamType } from '../http/event-stream.ts';
import { rawReply } from '../http/reply-schemas.ts';
import { findJob } from '../jobs/job-access.ts';
import { jobEvents, parseSeen } from '../jobs/job-events.ts';
import { allowedNamespace } from './native-bodies.ts';
import { nativeView, withoutSecrets } from './native-job-view.ts';
import { nativeErrors } from './problem.ts';

/** `GET /apis/render-jobs/:id/events`: a job as it changes, as server-sent events. */
export function nativeEvents(plain: FastifyInstance, context: ApiContext): void {
  const app = plain.withTypeProvider<ZodTypeProvider>();
  const { services, options, changes } = context;

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
        changes,
        heartbeatSeconds: options.heartbeatSeconds,
        // Streams are recorded and shown more often than lookups: no signed source URL in them, whoever listens.
        view: async (changed: typeof job) => withoutSecrets(await nativeView(context, caller, changed, base)),
      };
      reply.type(eventStreamType).header('cache-control', 'no-store').header('x-accel-buffering', 'no');
      const events = jobEvents(sources, job, seen, closeSignal(reply));
      return reply.send(Readable.from(events, { objectMode: false, highWaterMark: 16 * 1024 }));
    },
  });
}
