import { z } from 'zod';
import { omitUndefined } from '../../../lib/omit-undefined.ts';
import { publicBase, type Routes } from '../../context.ts';
import { callerOf } from '../../http/auth.ts';
import { filterFor, jobQuery } from '../job-filter.ts';
import { nativeTags } from '../job-request.ts';
import { nativeJob, nativeView } from '../job-view.ts';
import { nativeErrors } from '../problem.ts';

const jobList = z.strictObject({
  items: z.array(nativeJob).describe('Newest first.'),
  cursor: z.string().optional().describe('Pass it to get the next page; absent on the last one.'),
});

/** `GET /apis/render-jobs` */
export const listJobs: Routes = (app, context) => {
  app.route({
    method: 'GET',
    url: '/render-jobs',
    schema: {
      tags: nativeTags,
      summary: 'List jobs',
      querystring: jobQuery,
      response: { 200: jobList, ...nativeErrors },
    },
    config: { job: true },
    handler: async (request) => {
      const caller = callerOf(request);
      const { limit, cursor } = request.query;
      const filter = filterFor(caller, request.query);
      if (filter === undefined) return { items: [] };
      const page = await context.services.store.list(filter, { limit, ...omitUndefined({ cursor }) });
      const base = publicBase(context, request);
      const items = await Promise.all(page.jobs.map((job) => nativeView(context, caller, job, base)));
      return { items, ...omitUndefined({ cursor: page.cursor }) };
    },
  });
};
