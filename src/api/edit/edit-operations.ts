import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { bounds } from '../../model/job/bounds.ts';
import { jobType } from '../../model/job/job-type.ts';
import type { RenderJob, RenderJobSpec } from '../../model/job/render-job.ts';
import { isTerminal } from '../../model/status/lifecycle.ts';
import { type ApiContext, assetUrlPrefixes, closeSignal, publicBase } from '../context.ts';
import { callerOf } from '../http/auth.ts';
import { digestOfValue } from '../http/canonical-json.ts';
import { idempotencyKeyOf } from '../http/idempotency.ts';
import { parse } from '../http/validation.ts';
import { createJob, earlierJob, specBytes } from '../jobs/create-job.ts';
import { requireFeatures, unsupportedError } from '../jobs/features.ts';
import { idempotentJobName, newJobName } from '../jobs/job-names.ts';
import { checkSources } from '../jobs/sources.ts';
import { storeFile } from '../jobs/store-file.ts';
import { waitForEnd } from '../jobs/wait-for-end.ts';
import type { ApiServices } from '../services.ts';
import { captionsFile } from './captions-file.ts';
import { type EditOperation, editBodies } from './edit-bodies.ts';
import { editErrors } from './edit-errors.ts';
import { editAccepted, editExtras, editJob, editStatus, viewEditJob } from './edit-job-view.ts';
import { captionsOf, editSpec, withCaptionsFile } from './edit-spec.ts';

export const editOperationNames = [
  'trim',
  'merge',
  'mute',
  'add-audio',
  'subtitle',
  'blur',
  'speed-ramp',
] as const satisfies readonly EditOperation[];

const summaries: Readonly<Record<EditOperation, string>> = {
  trim: 'Keep one range of a video',
  merge: 'Join videos one after the other',
  mute: 'Silence the sound of a video, in ranges or all of it',
  'add-audio': 'Add sound to a video',
  subtitle: 'Show captions over a video',
  blur: 'Make regions of a video unreadable',
  'speed-ramp': 'Change the speed of parts of a video',
};

const replies = {
  200: editJob.describe('The finished job, with delivery sync.'),
  202: editAccepted.describe('The job is accepted.'),
  ...editErrors,
};

/** The seven operations of the Edit API, each of which makes a job of one operation. */
export function editOperations(app: FastifyInstance, context: ApiContext, deprecated = false): void {
  for (const type of editOperationNames) {
    app.route({
      method: 'POST',
      url: `/${type}`,
      schema: {
        tags: ['edit'],
        summary: summaries[type],
        deprecated,
        body: editBodies[type],
        response: replies,
      },
      config: { job: true },
      // The handler parses the body itself, where its type is known; here the schema only documents it.
      validatorCompiler: () => (data: unknown) => ({ value: data }),
      handler: (request, reply) => submit(context, type, request, reply),
    });
  }
}

interface Submission {
  readonly spec: RenderJobSpec;
  readonly paths: Readonly<Record<string, string>>;
  readonly sync: boolean;
}

function read({ features }: ApiServices, type: EditOperation, body: unknown, folders: readonly string[]): Submission {
  const parsed = parse(editBodies[type], body, 'body');
  if (parsed.webhook !== undefined) throw unsupportedError(['webhook']);
  const { spec, paths } = editSpec(type, parsed, folders);
  requireFeatures(spec, features);
  return { spec, paths, sync: parsed.delivery === 'sync' };
}

async function submit(
  context: ApiContext,
  type: EditOperation,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const submission = read(context.services, type, request.body, await assetUrlPrefixes(context, request));
  const job = await submittedJob(context, request, submission);
  const ended = submission.sync ? await endOf(context, job, reply) : undefined;
  if (ended !== undefined && isTerminal(ended.status?.phase)) {
    return reply.code(200).send(viewEditJob(ended, await editExtras(context, ended, publicBase(context, request))));
  }
  return reply
    .code(202)
    .header('location', `/api/jobs/${job.metadata.name}`)
    .send({ jobId: job.metadata.name, status: editStatus(ended ?? job) });
}

function endOf({ services, changes, options }: ApiContext, job: RenderJob, reply: FastifyReply): Promise<RenderJob> {
  return waitForEnd({ ...services, changes }, job, { seconds: options.syncWaitSeconds, signal: closeSignal(reply) });
}

async function submittedJob(
  context: ApiContext,
  request: FastifyRequest,
  { spec, paths }: Submission,
): Promise<RenderJob> {
  const { services, options } = context;
  const caller = callerOf(request);
  const key = idempotencyKeyOf(request);
  const type = jobType(spec);
  const { namespace } = caller;
  const requestDigest = key === undefined ? undefined : digestOfValue({ shape: 'edit', spec });
  const name = key === undefined ? newJobName(type, services.clock.now()) : idempotentJobName(caller, key);
  if (requestDigest !== undefined) {
    const earlier = await earlierJob(services.store, caller, { namespace, name }, requestDigest);
    if (earlier !== undefined) return earlier;
  }
  await checkSources(services, spec, (input) => paths[input.name] ?? input.name);
  return withFittingCaptions(context, request, spec, async (fitting) =>
    createJob(services.store, options.limits, caller, {
      namespace,
      name,
      spec: fitting,
      shape: 'edit',
      ...(requestDigest !== undefined && { requestDigest }),
    }),
  );
}

/** Stores captions that a job cannot hold as a file of the caller, and removes it again if no job came to be with it. */
async function withFittingCaptions(
  { services }: ApiContext,
  request: FastifyRequest,
  spec: RenderJobSpec,
  create: (spec: RenderJobSpec) => Promise<{ readonly job: RenderJob; readonly created: boolean }>,
): Promise<RenderJob> {
  const captions = captionsOf(spec);
  if (captions === undefined || (captions.length <= bounds.captions && specBytes(spec) <= bounds.specBytes)) {
    return (await create(spec)).job;
  }
  const file = await storeFile(services, callerOf(request), {
    filename: 'captions.vtt',
    extension: 'vtt',
    mediaType: 'text/vtt',
    content: [Buffer.from(captionsFile(captions))],
    maxBytes: Number.POSITIVE_INFINITY,
  });
  const drop = async (): Promise<void> => {
    await services.assets.remove(file.key);
    await services.objects.remove(file.key);
  };
  try {
    const { job, created } = await create(withCaptionsFile(spec, file.key));
    if (!created) await drop();
    return job;
  } catch (error) {
    await drop();
    throw error;
  }
}
