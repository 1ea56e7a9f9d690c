import type { Routes } from '../../context.ts';
import { byId, nativeTags, requestedJob, sendJob } from '../job-request.ts';
import { nativeJob } from '../job-view.ts';
import { nativeErrors } from '../problem.ts';

/** `GET /apis/render-jobs/:id` */
export const getJob: Routes = (app, context) => {
  app.route({
    method: 'GET',
    url: '/render-jobs/:id',
    schema: { tags: nativeTags, summary: 'Look up a job', ...byId, response: { 200: nativeJob, ...nativeErrors } },
    config: { job: true },
    handler: async (request, reply) => sendJob(context, reply, await requestedJob(context, request)),
  });
};
