import { Readable } from 'node:stream';
import { z } from 'zod';
import type { RenderJob } from '../../../model/job/render-job.ts';
import { isTerminal } from '../../../model/status/lifecycle.ts';
import type { StageRun } from '../../../ports/stage-runner.ts';
import { type ApiContext, closeSignal, type Routes } from '../../context.ts';
import { rawReply } from '../../http/reply-schemas.ts';
import { jobParams, namespaceQuery, nativeTags, requestedJob } from '../job-request.ts';
import { nativeErrors } from '../problem.ts';

/** How often a follower checks for a run that has not started yet. */
const pollMs = 500;

const flag = z
  .enum(['', 'true', 'false', '1', '0'])
  .transform((text) => text === '' || text === 'true' || text === '1');

const logQuery = namespaceQuery.extend({
  follow: flag.optional().describe('Continue as the log is written, until the attempt ends.'),
  attempt: z.coerce.number().int().min(1).optional().describe('Number of the attempt; the current one when absent.'),
});

/** `GET /apis/render-jobs/:id/logs`: what the worker of an attempt wrote, as NDJSON. */
export const jobLogs: Routes = (app, context) => {
  const { runner } = context.services;
  app.route({
    method: 'GET',
    url: '/render-jobs/:id/logs',
    exposeHeadRoute: false,
    schema: {
      tags: nativeTags,
      summary: 'The log of an attempt',
      params: jobParams,
      querystring: logQuery,
      response: { 200: rawReply('One JSON document per line.', 'application/x-ndjson'), ...nativeErrors },
    },
    handler: async (request, reply) => {
      const { follow = false, attempt } = request.query;
      const job = await requestedJob(context, request);
      if (follow) context.streams.add(request, reply);
      const signal = AbortSignal.any([closeSignal(reply), context.changes.closing]);
      const run = await (follow ? startedRun(context, job, attempt, signal) : runOf(context, job, attempt));
      reply.type('application/x-ndjson').header('cache-control', 'no-store');
      if (run === undefined) return reply.send('');
      return reply.send(Readable.from(runner.logs(run.identity, { follow, signal })));
    },
  });
};

/** The run of an attempt, the current one when absent. */
async function runOf(
  { services }: ApiContext,
  { metadata, status }: RenderJob,
  attempt: number | undefined,
): Promise<StageRun | undefined> {
  const runs = await services.runner.observe(metadata.uid, metadata.namespace);
  return runs.findLast(({ identity }) => identity.attempt === (attempt ?? status?.attempt ?? 1));
}

/** Waits for the run of an attempt until it has started or the job has ended. */
async function startedRun(
  context: ApiContext,
  job: RenderJob,
  attempt: number | undefined,
  signal: AbortSignal,
): Promise<StageRun | undefined> {
  const { store, clock } = context.services;
  let latest: RenderJob | undefined = job;
  while (latest !== undefined && !signal.aborted) {
    const run = await runOf(context, latest, attempt);
    if (run !== undefined || isTerminal(latest.status?.phase)) return run;
    await clock.sleep(pollMs, signal).catch(() => undefined);
    latest = await store.get(job.metadata, { fresh: true });
  }
  return undefined;
}
