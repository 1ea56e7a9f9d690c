import { CodedError } from '../../../errors/coded-error.ts';
import { omitUndefined } from '../../../lib/omit-undefined.ts';
import { isTerminal } from '../../../model/status/lifecycle.ts';
import type { Routes } from '../../context.ts';
import { changeJob } from '../../jobs/job-access.ts';
import { nativePatch, requireUnreserved } from '../job-bodies.ts';
import { byId, nativeTags, requestedJob, sendJob } from '../job-request.ts';
import { nativeJob } from '../job-view.ts';
import { nativeErrors } from '../problem.ts';

/** `PATCH /apis/render-jobs/:id` */
export const patchJob: Routes = (app, context) => {
  const { store } = context.services;
  app.route({
    method: 'PATCH',
    url: '/render-jobs/:id',
    schema: {
      tags: nativeTags,
      summary: 'Change priority, suspension, retention or labels',
      ...byId,
      body: nativePatch,
      response: { 200: nativeJob, ...nativeErrors },
    },
    config: { job: true },
    handler: async (request, reply) => {
      const { priority, suspend, ttlSecondsAfterFinished, labels } = request.body;
      requireUnreserved('labels', labels);
      const job = await changeJob(
        (how) => requestedJob(context, request, how),
        ({ metadata, status }) => {
          if (isTerminal(status?.phase) && (priority !== undefined || suspend !== undefined)) {
            const got = `got one that is ${status?.phase}`;
            throw new CodedError('CONFLICT', `Expected an unfinished job for priority and suspend, ${got}.`);
          }
          const patch = omitUndefined({ priority, suspend, ttlSecondsAfterFinished, labels });
          return store.patchSpec(metadata, metadata.resourceVersion, patch);
        },
      );
      return sendJob(context, reply, job);
    },
  });
};
