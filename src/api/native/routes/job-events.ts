import { Readable } from 'node:stream';
import { z } from 'zod';
import { isTerminal } from '../../../model/status/lifecycle.ts';
import { closeSignal, publicBase, type Routes } from '../../context.ts';
import { callerOf } from '../../http/auth.ts';
import { eventStreamType } from '../../http/event-stream.ts';
import { rawReply } from '../../http/reply-schemas.ts';
import { jobEvents } from '../../jobs/job-events.ts';
import { parseSeen } from '../../jobs/pending-events.ts';
import { byId, nativeTags, requestedJob } from '../job-request.ts';
import { nativeView, withoutSecrets } from '../job-view.ts';
import { nativeErrors } from '../problem.ts';

const maxBufferedBytes = 16 * 1024;

/** `GET /apis/render-jobs/:id/events`: a job as it changes, as server-sent events. */
export const jobEventsRoute: Routes = (app, context) => {
  const { services, options, changes } = context;
  app.route({
    method: 'GET',
    url: '/render-jobs/:id/events',
    exposeHeadRoute: false,
    schema: {
      tags: nativeTags,
      summary: 'Follow a job',
      description:
        'Events: `job` (the current state first, then each change), `progress`, `removed`. Ends when the job has ended.',
      ...byId,
      response: {
        200: rawReply('Server-sent events.', 'text/event-stream'),
        204: z.unknown().describe('The job has ended and Last-Event-ID has seen it: do not reconnect.'),
        ...nativeErrors,
      },
    },
    handler: async (request, reply) => {
      const caller = callerOf(request);
      const cached = await requestedJob(context, request);
      const seen = parseSeen(request.headers['last-event-id']?.toString());
      // Another replica may have sent this client a state that has not reached the cache here.
      const job = (seen && (await services.store.get(cached.metadata, { fresh: true }))) ?? cached;
      const { uid, resourceVersion } = job.metadata;
      if (isTerminal(job.status?.phase) && seen?.uid === uid && seen.version === resourceVersion)
        return reply.code(204).send(null);
      context.streams.add(request, reply);
      const base = publicBase(context, request);
      const sources = {
        ...services,
        changes,
        heartbeatSeconds: options.heartbeatSeconds,
        // Streams are recorded and shown more often than lookups: not even the owner gets signed source URLs in them.
        view: async (changed: typeof job) => withoutSecrets(await nativeView(context, caller, changed, base)),
      };
      reply.type(eventStreamType).header('cache-control', 'no-store').header('x-accel-buffering', 'no');
      const events = jobEvents(sources, job, { seen, signal: closeSignal(reply) });
      return reply.send(Readable.from(events, { objectMode: false, highWaterMark: maxBufferedBytes }));
    },
  });
};
