import { publicBase, type Routes } from '../../context.ts';
import { callerOf } from '../../http/auth.ts';
import { editErrors } from '../edit-errors.ts';
import { editExtras, editJob, viewEditJob } from '../edit-job-view.ts';
import { findEditJob, jobParams } from '../job-request.ts';

/** `GET /api/jobs/:jobId` */
export const getJob: Routes = (app, context) => {
  app.route({
    method: 'GET',
    url: '/jobs/:jobId',
    schema: { tags: ['edit'], summary: 'Look up a job', params: jobParams, response: { 200: editJob, ...editErrors } },
    config: { job: true },
    handler: async (request) => {
      const job = await findEditJob(context.services.store, callerOf(request), request.params.jobId);
      return viewEditJob(job, await editExtras(context, job, publicBase(context, request)));
    },
  });
};
