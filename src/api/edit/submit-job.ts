import type { FastifyReply, FastifyRequest } from 'fastify';
import { omitUndefined } from '../../lib/omit-undefined.ts';
import { jobType } from '../../model/job/job-type.ts';
import type { RenderJob, RenderJobSpec } from '../../model/job/render-job.ts';
import { isTerminal } from '../../model/status/lifecycle.ts';
import { type ApiContext, assetUrlPrefixes, closeSignal, publicBase } from '../context.ts';
import { callerOf } from '../http/auth.ts';
import { digestOfValue } from '../http/canonical-json.ts';
import { idempotencyKeyOf } from '../http/idempotency.ts';
import { parse } from '../http/validation.ts';
import { createJob, earlierJob } from '../jobs/create-job.ts';
import { requireFeatures, unsupportedError } from '../jobs/features.ts';
import { idempotentJobName, newJobName } from '../jobs/job-names.ts';
import { checkSources } from '../jobs/sources.ts';
import { waitForEnd } from '../jobs/wait-for-end.ts';
import type { ApiServices } from '../services.ts';
import { type EditOperation, editBodies } from './edit-bodies.ts';
import { editExtras, editStatus, viewEditJob } from './edit-job-view.ts';
import { editSpec } from './edit-spec.ts';
import { createWithCaptions } from './stored-captions.ts';

interface Submission {
  readonly spec: RenderJobSpec;
  /** The field of the body that each input came from. */
  readonly paths: Readonly<Record<string, string>>;
  readonly sync: boolean;
}

/** Creates the job of a request; with `delivery: "sync"` the reply waits for its end, up to a limit. */
export async function submitJob(
  context: ApiContext,
  type: EditOperation,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const submission = read(context.services, type, request.body, await assetUrlPrefixes(context, request));
  const job = await submittedJob(context, request, submission);
  const latest = submission.sync ? await jobAtEnd(context, job, reply) : job;
  if (submission.sync && isTerminal(latest.status?.phase)) {
    return reply.code(200).send(viewEditJob(latest, await editExtras(context, latest, publicBase(context, request))));
  }
  return reply
    .code(202)
    .header('location', `/api/jobs/${job.metadata.name}`)
    .send({ jobId: job.metadata.name, status: editStatus(latest) });
}

function read({ features }: ApiServices, type: EditOperation, body: unknown, prefixes: readonly string[]): Submission {
  const parsed = parse(editBodies[type], body, 'body');
  if (parsed.webhook !== undefined) throw unsupportedError(['webhook']);
  const { spec, paths } = editSpec(type, parsed, prefixes);
  requireFeatures(spec, features);
  return { spec, paths, sync: parsed.delivery === 'sync' };
}

function jobAtEnd({ services, changes, options }: ApiContext, job: RenderJob, reply: FastifyReply): Promise<RenderJob> {
  return waitForEnd({ ...services, changes }, job, { seconds: options.syncWaitSeconds, signal: closeSignal(reply) });
}

/** The job of a request: a new one, or that of an earlier request with the same idempotency key. */
async function submittedJob(
  { services, options }: ApiContext,
  request: FastifyRequest,
  { spec, paths }: Submission,
): Promise<RenderJob> {
  const caller = callerOf(request);
  const key = idempotencyKeyOf(request);
  const { namespace } = caller;
  const requestDigest = key === undefined ? undefined : digestOfValue({ shape: 'edit', spec });
  const name = key === undefined ? newJobName(jobType(spec), services.clock.now()) : idempotentJobName(caller, key);
  if (requestDigest !== undefined) {
    const earlier = await earlierJob(services.store, caller, { namespace, name }, requestDigest);
    if (earlier !== undefined) return earlier;
  }
  await checkSources(services, spec, (input) => paths[input.name] ?? input.name);
  return createWithCaptions(services, caller, spec, (fitting) =>
    createJob(services.store, options.limits, caller, {
      namespace,
      name,
      spec: fitting,
      shape: 'edit',
      ...omitUndefined({ requestDigest }),
    }),
  );
}
