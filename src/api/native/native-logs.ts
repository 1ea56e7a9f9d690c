import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { RenderJob } from '../../model/job/render-job.ts';
import { isTerminal } from '../../model/status/lifecycle.ts';
import type { StageRun } from '../../ports/stage-runner.ts';
import { type ApiContext, closeSignal } from '../context.ts';
import { callerOf } from '../http/auth.ts';
import { rawReply } from '../http/reply-schemas.ts';
import { findJob } from '../jobs/job-access.ts';
import { allowedNamespace } from './native-bodies.ts';
import { nativeErrors } from './problem.ts';

/** How often a follower looks for a run that has not started yet. */
const lookEveryMs = 500;

const flag = z
  .enum(['', 'true', 'false', '1', '0'])
  .transform((text) => text === '' || text === 'true' || text === '1');

/** `GET /apis/render-jobs/:id/logs`: what the worker of an attempt wrote, as NDJSON. */
export function nativeLogs(plain: FastifyInstance, context: ApiContext): void {
  const app = plain.withTypeProvider<ZodTypeProvider>();
  const { store, runner, clock } = context.services;

  const runOf = async ({ metadata, status }: RenderJob, attempt: number | undefined): Promise<StageRun | undefined> => {
    const runs = await runner.observe(metadata.uid, metadata.namespace);
    return runs.findLast(({ identity }) => identity.attempt === (attempt ?? status?.attempt ?? 1));
  };

  /** Waits for the run to be there, as long as it may still come. */
  const awaitRun = async (
    job: RenderJob,
    attempt: number | undefined,
    signal: AbortSignal,
  ): Promise<StageRun | undefined> => {
    let latest: RenderJob | undefined = job;
    while (latest !== undefined && !signal.aborted) {
      const run = await runOf(latest, attempt);
      if (run !== undefined || isTerminal(latest.status?.phase)) return run;
      await clock.sleep(lookEveryMs, signal).catch(() => undefined);
      latest = await store.get(job.metadata, { fresh: true });
    }
    return undefined;
  };

  app.route({
    method: 'GET',
    url: '/render-jobs/:id/logs',
    exposeHeadRoute: false,
    schema: {
      tags: ['native'],
      summary: 'The log of an attempt',
      params: z.object({ id: z.string().describe('Name of the job.') }),
      querystring: z.strictObject({
        follow: flag.optional().describe('Go on as the log is written, until the attempt ends.'),
        attempt: z.coerce
          .number()
          .int()
          .min(1)
          .optional()
          .describe('Number of the attempt; the present one when absent.'),
        namespace: z.string().min(1).max(63).optional().describe('Namespace of the job; for admins.'),
      }),
      response: { 200: rawReply('One JSON document per line.', 'application/x-ndjson'), ...nativeErrors },
    },
    handler: async (request, reply) => {
      const caller = callerOf(request);
      const { follow = false, attempt, namespace } = request.query;
      const job = await findJob(store, caller, request.params.id, { namespace: allowedNamespace(caller, namespace) });
      if (follow) context.streams.add(request, reply);
      const signal = AbortSignal.any([closeSignal(reply), context.changes.closing]);
      const run = follow ? await awaitRun(job, attempt, signal) : await runOf(job, attempt);
      reply.type('application/x-ndjson').header('cache-control', 'no-store');
      if (run === undefined) return reply.send('');
      return reply.send(Readable.from(runner.logs(run.identity, { follow, signal })));
    },
  });
}
