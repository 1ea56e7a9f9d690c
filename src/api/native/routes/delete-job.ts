import type { Routes } from '../../context.ts';
import { byId, nativeTags, requestedJob, sendJob } from '../job-request.ts';
import { nativeJob } from '../job-view.ts';
import { nativeErrors } from '../problem.ts';

/** `DELETE /apis/render-jobs/:id` */
export const deleteJob: Routes = (app, context) => {
  const { store } = context.services;
  app.route({
    method: 'DELETE',
    url: '/render-jobs/:id',
    schema: {
      tags: nativeTags,
      summary: 'Delete a job and its files',
      ...byId,
      response: { 202: nativeJob.describe('The job is stopped, then removed with its files.'), ...nativeErrors },
    },
    config: { job: true },
    handler: async (request, reply) => {
      const { metadata, ...job } = await requestedJob(context, request);
      await store.remove(metadata, metadata.uid);
      const latest = await store.get(metadata, { fresh: true });
      return sendJob(context, reply, latest?.metadata.uid === metadata.uid ? latest : { metadata, ...job }, 202);
    },
  });
};
