import { z } from 'zod';
import { omitUndefined } from '../../../lib/omit-undefined.ts';
import { publicBase, type Routes } from '../../context.ts';
import { callerOf } from '../../http/auth.ts';
import { linkNextPage } from '../../http/paging.ts';
import { visibleTo } from '../../jobs/job-access.ts';
import { editErrors } from '../edit-errors.ts';
import { editExtras, editListItem, viewEditListItem } from '../edit-job-view.ts';

/** Most jobs in one reply; a `Link` header leads to the rest. */
const maxListed = 1000;

const jobQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(maxListed).default(maxListed).describe('Most jobs in the reply.'),
  cursor: z.string().max(200).optional().describe('From the Link header of the previous page.'),
});

const jobList = z.strictObject({
  jobs: z.array(editListItem).describe('Newest first.'),
  activeWorkers: z.int().min(0).describe('Workers that render now.'),
  totalWorkers: z.int().min(0).describe('Workers that can take jobs.'),
  maxWorkers: z.int().min(0).describe('Workers that the configuration allows.'),
  isTeamOwner: z.boolean().describe('The key may see jobs of other owners.'),
});

/** `GET /api/jobs` */
export const listJobs: Routes = (app, context) => {
  const { store, health } = context.services;
  app.route({
    method: 'GET',
    url: '/jobs',
    schema: {
      tags: ['edit'],
      summary: 'List the jobs of the key',
      querystring: jobQuery,
      response: { 200: jobList, ...editErrors },
    },
    config: { job: true },
    handler: async (request, reply) => {
      const caller = callerOf(request);
      const base = publicBase(context, request);
      const { limit, cursor } = request.query;
      const [page, facts] = await Promise.all([
        store.list(visibleTo(caller), { limit, ...omitUndefined({ cursor }) }),
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
};
