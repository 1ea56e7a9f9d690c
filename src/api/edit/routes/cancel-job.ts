import { z } from 'zod';
import { CodedError } from '../../../errors/coded-error.ts';
import type { Routes } from '../../context.ts';
import { callerOf } from '../../http/auth.ts';
import { changeJob } from '../../jobs/job-access.ts';
import { editErrors } from '../edit-errors.ts';
import { editStatus } from '../edit-job-view.ts';
import { findEditJob, jobParams } from '../job-request.ts';

const cancelled = z.strictObject({ jobId: z.string(), status: z.literal('cancelled') });

/** `DELETE /api/jobs/:jobId`, which the document allows only for queued jobs. */
export const cancelJob: Routes = (app, { services: { store } }) => {
  app.route({
    method: 'DELETE',
    url: '/jobs/:jobId',
    schema: {
      tags: ['edit'],
      summary: 'Cancel a queued job',
      params: jobParams,
      response: { 200: cancelled, ...editErrors },
    },
    config: { job: true },
    handler: async (request) => {
      const job = await changeJob(
        (how) => findEditJob(store, callerOf(request), request.params.jobId, how),
        async (found) => {
          const status = editStatus(found);
          if (status === 'cancelled') return found;
          if (status !== 'queued')
            throw new CodedError('CONFLICT', `Cannot cancel: expected a queued job, got one that is ${status}.`);
          // Conflicts when the job started in between; then its new state decides.
          return store.patchSpec(found.metadata, found.metadata.resourceVersion, { cancelled: true });
        },
      );
      return { jobId: job.metadata.name, status: 'cancelled' as const };
    },
  });
};
