import { CodedError } from '../../../errors/coded-error.ts';
import { isTerminal } from '../../../model/status/lifecycle.ts';
import type { Routes } from '../../context.ts';
import { changeJob } from '../../jobs/job-access.ts';
import { byId, nativeTags, requestedJob, sendJob } from '../job-request.ts';
import { nativeJob } from '../job-view.ts';
import { nativeErrors } from '../problem.ts';

/** `POST /apis/render-jobs/:id/cancel` */
export const cancelJob: Routes = (app, context) => {
  const { store } = context.services;
  app.route({
    method: 'POST',
    url: '/render-jobs/:id/cancel',
    schema: {
      tags: nativeTags,
      summary: 'Cancel a job, queued or running',
      ...byId,
      response: { 200: nativeJob, ...nativeErrors },
    },
    config: { job: true },
    handler: async (request, reply) => {
      const job = await changeJob(
        (how) => requestedJob(context, request, how),
        async (found) => {
          const phase = found.status?.phase;
          const isCancelling = found.spec.cancelled === true && !isTerminal(phase);
          if (phase === 'Cancelled' || isCancelling) return found;
          if (isTerminal(phase))
            throw new CodedError('CONFLICT', `Expected an unfinished job, got one that is ${phase}.`);
          return store.patchSpec(found.metadata, found.metadata.resourceVersion, { cancelled: true });
        },
      );
      return sendJob(context, reply, job);
    },
  });
};
