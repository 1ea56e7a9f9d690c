import type { ApiContext, ApiRoutes, Routes } from '../../context.ts';
import { unvalidated } from '../../http/validation.ts';
import { type EditOperation, editBodies, editOperationNames } from '../edit-bodies.ts';
import { editErrors } from '../edit-errors.ts';
import { editAccepted, editJob } from '../edit-job-view.ts';
import { submitJob } from '../submit-job.ts';

const summaries: Readonly<Record<EditOperation, string>> = {
  trim: 'Keep one range of a video',
  merge: 'Join videos one after the other',
  mute: 'Silence the audio of a video, in ranges or all of it',
  'add-audio': 'Add audio to a video',
  subtitle: 'Show captions over a video',
  blur: 'Make regions of a video unreadable',
  'speed-ramp': 'Change the speed of parts of a video',
};

const replies = {
  200: editJob.describe('The finished job, with delivery sync.'),
  202: editAccepted.describe('The job is accepted.'),
  ...editErrors,
};

/** `POST /api/trim` and the six others, each of which creates a job with one operation. */
export const operations: Routes = (app, context) => registerOperations(app, context, { deprecated: false });

/** The same under `/api/v1`. */
export const deprecatedOperations: Routes = (app, context) => registerOperations(app, context, { deprecated: true });

function registerOperations(
  app: ApiRoutes,
  context: ApiContext,
  { deprecated }: { readonly deprecated: boolean },
): void {
  for (const type of editOperationNames) {
    app.route({
      method: 'POST',
      url: `/${type}`,
      schema: { tags: ['edit'], summary: summaries[type], deprecated, body: editBodies[type], response: replies },
      config: { job: true },
      validatorCompiler: unvalidated,
      handler: async (request, reply) => {
        await submitJob(context, type, request, reply);
        return reply;
      },
    });
  }
}
