import type { Routes } from '../../context.ts';
import { unvalidated } from '../../http/validation.ts';
import { requireFittingSpec } from '../../jobs/create-job.ts';
import { requireFeatures } from '../../jobs/features.ts';
import { checkSources } from '../../jobs/sources.ts';
import { nativeBody, readNativeBody } from '../job-bodies.ts';
import { manifestTypes, nativeTags } from '../job-request.ts';
import { planReply } from '../plan-reply.ts';
import { nativeErrors } from '../problem.ts';

/** `POST /apis/render-jobs:plan` */
export const planJob: Routes = (app, { services }) => {
  app.route({
    method: 'POST',
    // The router reads two colons as one: the path is `/render-jobs:plan`.
    url: '/render-jobs::plan',
    schema: {
      tags: nativeTags,
      summary: 'Dry run: the command lines of a job, and the reason for each choice',
      consumes: manifestTypes,
      body: nativeBody,
      response: { 200: planReply, ...nativeErrors },
    },
    config: { job: true },
    validatorCompiler: unvalidated,
    handler: async (request) => {
      const { spec, prefix } = readNativeBody(request.body);
      requireFittingSpec(spec);
      requireFeatures(spec, services.features, prefix);
      await checkSources(services, spec, ({ name }) => `${prefix}inputs.${name}`);
      return services.plan(spec);
    },
  });
};
