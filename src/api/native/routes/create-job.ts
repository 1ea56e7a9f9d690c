import type { FastifyRequest } from 'fastify';
import { omitUndefined } from '../../../lib/omit-undefined.ts';
import { jobType } from '../../../model/job/job-type.ts';
import type { RenderJob } from '../../../model/job/render-job.ts';
import type { ApiContext, Routes } from '../../context.ts';
import { type Caller, callerOf } from '../../http/auth.ts';
import { digestOfValue } from '../../http/canonical-json.ts';
import { idempotencyKeyOf } from '../../http/idempotency.ts';
import { unvalidated } from '../../http/validation.ts';
import { createJob, earlierJob, requireFittingSpec } from '../../jobs/create-job.ts';
import { requireFeatures } from '../../jobs/features.ts';
import { generatedName, idempotentJobName, newJobName } from '../../jobs/job-names.ts';
import { checkSources } from '../../jobs/sources.ts';
import { type NativeRequest, nativeBody, readNativeBody } from '../job-bodies.ts';
import { allowedNamespace, manifestTypes, nativeTags, sendCreatedJob } from '../job-request.ts';
import { nativeJob } from '../job-view.ts';
import { nativeErrors } from '../problem.ts';

/** `POST /apis/render-jobs` */
export const createJobRoute: Routes = (app, context) => {
  app.route({
    method: 'POST',
    url: '/render-jobs',
    schema: {
      tags: nativeTags,
      summary: 'Create a job',
      description: 'The body is a spec or a whole manifest, as JSON or YAML.',
      consumes: manifestTypes,
      body: nativeBody,
      response: {
        201: nativeJob,
        200: nativeJob.describe('The job that the same request created before.'),
        ...nativeErrors,
      },
    },
    config: { job: true },
    validatorCompiler: unvalidated,
    handler: async (request, reply) =>
      sendCreatedJob(context, reply, await create(context, request, readNativeBody(request.body))),
  });
};

async function create(
  { services, options }: ApiContext,
  request: FastifyRequest,
  wanted: NativeRequest,
): Promise<{ readonly job: RenderJob; readonly created: boolean }> {
  const { spec, metadata, prefix } = wanted;
  const caller = callerOf(request);
  requireFittingSpec(spec);
  requireFeatures(spec, services.features, prefix);
  const key = idempotencyKeyOf(request);
  const namespace = allowedNamespace(caller, metadata.namespace);
  const name = metadata.name ?? newName(wanted, { caller, key, now: services.clock.now() });
  const requestDigest = key === undefined ? undefined : digestOfValue({ shape: 'native', spec, metadata });
  if (requestDigest !== undefined) {
    const earlier = await earlierJob(services.store, caller, { namespace, name }, requestDigest);
    if (earlier !== undefined) return { job: earlier, created: false };
  }
  await checkSources(services, spec, (input) => `${prefix}inputs[${spec.inputs.indexOf(input)}]`);
  const { labels, annotations } = metadata;
  return createJob(services.store, options.limits, caller, {
    namespace,
    name,
    spec,
    shape: 'native',
    ...omitUndefined({ labels, annotations, requestDigest }),
  });
}

interface NameSource {
  readonly caller: Caller;
  /** The idempotency key of the request. */
  readonly key: string | undefined;
  /** Unix milliseconds. */
  readonly now: number;
}

function newName({ spec, metadata }: NativeRequest, { caller, key, now }: NameSource): string {
  if (key !== undefined) return idempotentJobName(caller, key);
  if (metadata.generateName !== undefined) return generatedName(metadata.generateName);
  return newJobName(jobType(spec), now);
}
