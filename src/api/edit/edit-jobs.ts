import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { CodedError } from '../../errors/coded-error.ts';
import { type ApiContext, publicBase } from '../context.ts';
import { callerOf } from '../http/auth.ts';
import { linkNextPage } from '../http/paging.ts';
import { changeJob, findJob, noSuchJob, visibleTo } from '../jobs/job-access.ts';
import { editErrors } from './edit-errors.ts';
import { editExtras, editJob, editListItem, editStatus, viewEditJob, viewEditListItem } from './edit-job-view.ts';

const params = z.object({ jobId: z.string().describe('Id of the job.') });

/** Most jobs in one reply; a `Link` header leads to the rest. */
const maxListed = 1000;

const list = z.strictObject({
  jobs: z.array(editListItem).describe('Newest first.'),
  activeWorkers: z.int().min(0).describe('Workers that render now.'),
  totalWorkers: z.int().min(0).describe('Workers that can take jobs.'),
  maxWorkers: z.int().min(0).describe('Workers that the configuration allows.'),
  isTeamOwner: z.boolean().describe('The key sees the jobs of others too.'),
});

const cancelled = z.strictObject({ jobId: z.string(), status: z.literal('cancelled') });

/** `/api/jobs`: look up, list, cancel while queued. */
export function editJobs(plain: FastifyInstance, context: ApiContext): void {
  const app = plain.withTypeProvider<ZodTypeProvider>();
  const { store, health } = context.services;

  app.route({
    method: 'GET',
    url: '/jobs/:jobId',
    schema: { tags: ['edit'], summary: 'Look up a job', params, response: { 200: editJob, ...editErrors } },
    config: { job: true },
    handler: async (request) => {
      const job = await findJob(store, callerOf(request), request.params.jobId);
      if (job.metadata.deletionTimestamp !== undefined) throw noSuchJob();
      return viewEditJob(job, await editExtras(context, job, publicBase(context, request)));
    },
  });

  app.route({
    method: 'GET',
    url: '/jobs',
    schema: {
      tags: ['edit'],
      summary: 'List the jobs of the key',
      querystring: z.strictObject({
        limit: z.coerce.number().int().min(1).max(maxListed).default(maxListed).describe('Most jobs in the reply.'),
        cursor: z.string().max(200).optional().describe('From the Link header of the page before.'),
      }),
      response: { 200: list, ...editErrors },
    },
    config: { job: true },
    handler: async (request, reply) => {
      const caller = callerOf(request);
      const base = publicBase(context, request);
      const { limit, cursor } = request.query;
      const [page, facts] = await Promise.all([
        store.list(visibleTo(caller), { limit, ...(cursor !== undefined && { cursor }) }),
        health(),
      ]);
      const shown = page.jobs.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
      linkNextPage(reply, '/api/jobs', { limit }, page.cursor);
      return {
        jobs: await Promise.all(shown.map(async (job) => viewEditListItem(job, await editExtras(context, job, base)))),
        activeWorkers: facts.busyWorkers,
        totalWorkers: facts.workers,
        maxWorkers: facts.maxWorkers,
        isTeamOwner: caller.role !== 'user',
      };
    },
  });

  app.route({
    method: 'DELETE',
    url: '/jobs/:jobId',
    schema: { tags: ['edit'], summary: 'Cancel a queued job', params, response: { 200: cancelled, ...editErrors } },
    config: { job: true },
    handler: async (request) => {
      const job = await changeJob(
        async (how) => {
          const found = await findJob(store, callerOf(request), request.params.jobId, how);
          if (found.metadata.deletionTimestamp !== undefined) throw noSuchJob();
          return found;
        },
        async (found) => {
          const status = editStatus(found);
          if (status === 'cancelled') return found;
          if (status !== 'queued')
            throw new CodedError('CONFLICT', `Cannot cancel: expected a queued job, got one that is ${status}.`);
          // Fails when the job started in between; then its new state decides.
          return store.patchSpec(found.metadata, found.metadata.resourceVersion, { cancelled: true });
        },
      );
      return { jobId: job.metadata.name, status: 'cancelled' as const };
    },
  });
}
