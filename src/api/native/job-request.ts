import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { CodedError } from '../../errors/coded-error.ts';
import type { RenderJob } from '../../model/job/render-job.ts';
import { type ApiContext, publicBase } from '../context.ts';
import { type Caller, callerOf } from '../http/auth.ts';
import { findJob } from '../jobs/job-access.ts';
import { nativeView } from './job-view.ts';

export const nativeTags = ['native'];

/** Content types of a spec or a manifest. */
export const manifestTypes = ['application/json', 'application/yaml'];

export const jobParams = z.object({ id: z.string().describe('Name of the job.') });

export const namespaceQuery = z.strictObject({
  namespace: z.string().min(1).max(63).optional().describe('Namespace of the job; for admins.'),
});

/** Path and query of a route about one job. */
export const byId = { params: jobParams, querystring: namespaceQuery };

/** A request about one job. */
export type JobRequest = FastifyRequest & {
  readonly params: z.output<typeof jobParams>;
  readonly query: z.output<typeof namespaceQuery>;
};

/** The namespace that a caller may use: its own, or any for an admin. */
export function allowedNamespace(caller: Pick<Caller, 'role' | 'namespace'>, requested: string | undefined): string {
  const namespace = requested ?? caller.namespace;
  if (namespace === caller.namespace || caller.role === 'admin') return namespace;
  throw new CodedError('FORBIDDEN', `Expected the namespace of the key (${caller.namespace}), got another namespace.`);
}

/** The job that a request is about. `fresh` reads past the cache. */
export function requestedJob(
  { services }: ApiContext,
  request: JobRequest,
  { fresh = false }: { readonly fresh?: boolean } = {},
): Promise<RenderJob> {
  const caller = callerOf(request);
  const namespace = allowedNamespace(caller, request.query.namespace);
  return findJob(services.store, caller, request.params.id, { namespace, fresh });
}

/** Replies with a job as its caller may see it. */
export async function sendJob(
  context: ApiContext,
  reply: FastifyReply,
  job: RenderJob,
  status = 200,
): Promise<FastifyReply> {
  const { request } = reply;
  return reply.code(status).send(await nativeView(context, callerOf(request), job, publicBase(context, request)));
}

/** Replies with a job that was created, or that the same request created before, and its `Location`. */
export function sendCreatedJob(
  context: ApiContext,
  reply: FastifyReply,
  { job, created }: { readonly job: RenderJob; readonly created: boolean },
): Promise<FastifyReply> {
  reply.header('location', `/apis/render-jobs/${job.metadata.name}`);
  return sendJob(context, reply, job, created ? 201 : 200);
}
