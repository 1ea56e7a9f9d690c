import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { CodedError } from '../../errors/coded-error.ts';
import { jobType } from '../../model/job/job-type.ts';
import type { RenderJob } from '../../model/job/render-job.ts';
import { isTerminal } from '../../model/status/lifecycle.ts';
import { type ApiContext, publicBase } from '../context.ts';
import { callerOf } from '../http/auth.ts';
import { digestOfValue } from '../http/canonical-json.ts';
import { idempotencyKeyOf } from '../http/idempotency.ts';
import { takeYaml } from '../http/yaml-body.ts';
import { createJob, earlierJob, requireFittingSpec } from '../jobs/create-job.ts';
import { requireFeatures } from '../jobs/features.ts';
import { changeJob, findJob } from '../jobs/job-access.ts';
import { generatedName, idempotentJobName, newJobName } from '../jobs/job-names.ts';
import { retryJob } from '../jobs/retry-job.ts';
import { checkSources } from '../jobs/sources.ts';
import {
  allowedNamespace,
  type NativeRequest,
  nativeBody,
  nativePatch,
  readNativeBody,
  requireUnreserved,
} from './native-bodies.ts';
import { filterFor, nativeFilter } from './native-filter.ts';
import { nativeJob, nativeView } from './native-job-view.ts';
import { planReply } from './plan-reply.ts';
import { nativeErrors } from './problem.ts';

const list = z.strictObject({
  items: z.array(nativeJob).describe('Newest first.'),
  cursor: z.string().optional().describe('Pass it to get the next page; absent on the last one.'),
});

const byId = {
  params: z.object({ id: z.string().describe('Name of the job.') }),
  querystring: z.strictObject({
    namespace: z.string().min(1).max(63).optional().describe('Namespace of the job; for admins.'),
  }),
};

const tags = ['native'];
const consumes = ['application/json', 'application/yaml'];
const unparsed = () => (data: unknown) => ({ value: data });

/** `/apis/render-jobs`: the RenderJob itself, and everything it can do. */
export function nativeJobs(plain: FastifyInstance, context: ApiContext): void {
  takeYaml(plain);
  const app = plain.withTypeProvider<ZodTypeProvider>();
  const { services, options } = context;
  const { store } = services;

  type ById = FastifyRequest & {
    readonly params: z.output<typeof byId.params>;
    readonly query: z.output<typeof byId.querystring>;
  };
  const find = (request: ById, { fresh = false } = {}): Promise<RenderJob> => {
    const caller = callerOf(request);
    const namespace = allowedNamespace(caller, request.query.namespace);
    return findJob(store, caller, request.params.id, { namespace, fresh });
  };
  const answer = async (
    request: FastifyRequest,
    reply: FastifyReply,
    status: number,
    job: RenderJob,
  ): Promise<FastifyReply> =>
    reply.code(status).send(await nativeView(context, callerOf(request), job, publicBase(context, request)));
  const located = (
    request: FastifyRequest,
    reply: FastifyReply,
    { job, created }: { job: RenderJob; created: boolean },
  ): Promise<FastifyReply> =>
    answer(request, reply.header('location', `/apis/render-jobs/${job.metadata.name}`), created ? 201 : 200, job);

  app.route({
    method: 'POST',
    url: '/render-jobs',
    schema: {
      tags,
      summary: 'Make a job',
      description: 'The body is a spec or a whole manifest, as JSON or YAML.',
      consumes,
      body: nativeBody,
      response: {
        201: nativeJob,
        200: nativeJob.describe('The job that the same request made before.'),
        ...nativeErrors,
      },
    },
    config: { job: true },
    validatorCompiler: unparsed,
    handler: async (request, reply) =>
      located(request, reply, await create(context, request, readNativeBody(request.body))),
  });

  app.route({
    method: 'POST',
    // Two colons are one: this is `/render-jobs:plan`.
    url: '/render-jobs::plan',
    schema: {
      tags,
      summary: 'Dry run: the command lines of a job, and why they are so',
      consumes,
      body: nativeBody,
      response: { 200: planReply, ...nativeErrors },
    },
    config: { job: true },
    validatorCompiler: unparsed,
    handler: async (request) => {
      const { spec, prefix } = readNativeBody(request.body);
      requireFittingSpec(spec);
      requireFeatures(spec, services.offered, prefix);
      await checkSources(services, spec, ({ name }) => `${prefix}inputs.${name}`);
      return services.plan(spec);
    },
  });

  app.route({
    method: 'GET',
    url: '/render-jobs',
    schema: { tags, summary: 'List jobs', querystring: nativeFilter, response: { 200: list, ...nativeErrors } },
    config: { job: true },
    handler: async (request) => {
      const caller = callerOf(request);
      const { limit, cursor } = request.query;
      const filter = filterFor(caller, request.query);
      if (filter === undefined) return { items: [] };
      const page = await store.list(filter, { limit, ...(cursor !== undefined && { cursor }) });
      const base = publicBase(context, request);
      const items = await Promise.all(page.jobs.map((job) => nativeView(context, caller, job, base)));
      return { items, ...(page.cursor !== undefined && { cursor: page.cursor }) };
    },
  });

  app.route({
    method: 'GET',
    url: '/render-jobs/:id',
    schema: { tags, summary: 'Look up a job', ...byId, response: { 200: nativeJob, ...nativeErrors } },
    config: { job: true },
    handler: async (request, reply) => answer(request, reply, 200, await find(request)),
  });

  app.route({
    method: 'PATCH',
    url: '/render-jobs/:id',
    schema: {
      tags,
      summary: 'Change priority, suspension, retention or labels',
      ...byId,
      body: nativePatch,
      response: { 200: nativeJob, ...nativeErrors },
    },
    config: { job: true },
    handler: async (request, reply) => {
      const { body: patch } = request;
      requireUnreserved('labels', patch.labels);
      const job = await changeJob(
        (how) => find(request, how),
        async (found) => {
          const phase = found.status?.phase;
          if (isTerminal(phase) && (patch.priority !== undefined || patch.suspend !== undefined)) {
            throw new CodedError(
              'CONFLICT',
              `Expected an unfinished job for priority and suspend, got one that is ${phase}.`,
            );
          }
          return store.patchSpec(found.metadata, found.metadata.resourceVersion, {
            ...(patch.priority !== undefined && { priority: patch.priority }),
            ...(patch.suspend !== undefined && { suspend: patch.suspend }),
            ...(patch.ttlSecondsAfterFinished !== undefined && {
              ttlSecondsAfterFinished: patch.ttlSecondsAfterFinished,
            }),
            ...(patch.labels !== undefined && { labels: patch.labels }),
          });
        },
      );
      return answer(request, reply, 200, job);
    },
  });

  app.route({
    method: 'POST',
    url: '/render-jobs/:id/cancel',
    schema: {
      tags,
      summary: 'Cancel a job, queued or running',
      ...byId,
      response: { 200: nativeJob, ...nativeErrors },
    },
    config: { job: true },
    handler: async (request, reply) => {
      const job = await changeJob(
        (how) => find(request, how),
        async (found) => {
          const phase = found.status?.phase;
          if (phase === 'Cancelled' || (found.spec.cancelled === true && !isTerminal(phase))) return found;
          if (isTerminal(phase))
            throw new CodedError('CONFLICT', `Expected an unfinished job, got one that is ${phase}.`);
          return store.patchSpec(found.metadata, found.metadata.resourceVersion, { cancelled: true });
        },
      );
      return answer(request, reply, 200, job);
    },
  });

  app.route({
    method: 'POST',
    url: '/render-jobs/:id/retry',
    schema: {
      tags,
      summary: 'Repeat a failed or cancelled job as a new one',
      ...byId,
      response: { 201: nativeJob, 200: nativeJob.describe('The retry that was made before.'), ...nativeErrors },
    },
    config: { job: true },
    handler: async (request, reply) =>
      located(request, reply, await retryJob(store, options.limits, await find(request))),
  });

  app.route({
    method: 'DELETE',
    url: '/render-jobs/:id',
    schema: {
      tags,
      summary: 'Remove a job and its files',
      ...byId,
      response: { 202: nativeJob.describe('The job ends, then goes.'), ...nativeErrors },
    },
    config: { job: true },
    handler: async (request, reply) => {
      const job = await find(request);
      await store.remove(job.metadata, job.metadata.uid);
      const now = await store.get(job.metadata, { fresh: true });
      return answer(request, reply, 202, now?.metadata.uid === job.metadata.uid ? now : job);
    },
  });
}

async function create(
  { services, options }: ApiContext,
  request: FastifyRequest,
  { spec, metadata, prefix }: NativeRequest,
): Promise<{ job: RenderJob; created: boolean }> {
  const caller = callerOf(request);
  requireFittingSpec(spec);
  requireFeatures(spec, services.offered, prefix);
  const key = idempotencyKeyOf(request);
  const namespace = allowedNamespace(caller, metadata.namespace);
  const name = metadata.name ?? freshName(key);
  const requestDigest = key === undefined ? undefined : digestOfValue({ shape: 'native', spec, metadata });
  if (requestDigest !== undefined) {
    const earlier = await earlierJob(services.store, caller, { namespace, name }, requestDigest);
    if (earlier !== undefined) return { job: earlier, created: false };
  }
  await checkSources(services, spec, (input) => `${prefix}inputs[${spec.inputs.indexOf(input)}]`);
  return createJob(services.store, options.limits, caller, {
    namespace,
    name,
    spec,
    shape: 'native',
    ...(metadata.labels !== undefined && { labels: metadata.labels }),
    ...(metadata.annotations !== undefined && { annotations: metadata.annotations }),
    ...(requestDigest !== undefined && { requestDigest }),
  });

  function freshName(idempotencyKey: string | undefined): string {
    if (idempotencyKey !== undefined) return idempotentJobName(caller, idempotencyKey);
    if (metadata.generateName !== undefined) return generatedName(metadata.generateName);
    return newJobName(jobType(spec), services.clock.now());
  }
}
