import type { Routes } from '../../context.ts';
import { retryJob } from '../../jobs/retry-job.ts';
import { byId, nativeTags, requestedJob, sendCreatedJob } from '../job-request.ts';
import { nativeJob } from '../job-view.ts';
import { nativeErrors } from '../problem.ts';

/** `POST /apis/render-jobs/:id/retry` */
export const retryJobRoute: Routes = (app, context) => {
  const { services, options } = context;
  app.route({
    method: 'POST',
    url: '/render-jobs/:id/retry',
    schema: {
      tags: nativeTags,
      summary: 'Retry a failed or cancelled job as a new one',
      ...byId,
      response: { 201: nativeJob, 200: nativeJob.describe('The retry that was created before.'), ...nativeErrors },
    },
    config: { job: true },
    handler: async (request, reply) => {
      const job = await requestedJob(context, request);
      return sendCreatedJob(context, reply, await retryJob(services.store, options.limits, job));
    },
  });
};
