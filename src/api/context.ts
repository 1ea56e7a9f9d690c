import type { FastifyBaseLogger, FastifyReply, FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { outputLocation } from '../model/job/output-location.ts';
import type { RenderJob } from '../model/job/render-job.ts';
import type { Progress } from '../model/status/progress.ts';
import { unknownHealth } from '../observability/health.ts';
import type { StreamLimit } from './http/stream-limit.ts';
import type { JobChangeHub } from './jobs/job-change-hub.ts';
import type { ApiOptions, ApiServices, HealthFacts } from './services.ts';

/** What the routes of every API need. */
export interface ApiContext {
  readonly services: ApiServices;
  readonly options: ApiOptions;
  readonly changes: JobChangeHub;
  readonly streams: StreamLimit;
}

/** The routes of one API, or of one of its parts. */
export type ApiPlugin = FastifyPluginAsyncZod<{ readonly context: ApiContext }>;

/** A server whose routes have zod schemas. */
export type ApiRoutes = Parameters<ApiPlugin>[0];

/** Registers one route, or the few that belong together. */
export type Routes = (app: ApiRoutes, context: ApiContext) => void;

/** Start of the URLs in replies to a request, without a slash at its end. */
export function publicBase({ options }: Pick<ApiContext, 'options'>, request: FastifyRequest): string {
  if (options.publicUrl !== undefined) return options.publicUrl.replace(/\/+$/, '');
  // The client sets the Host header, so it is used only when it is well-formed.
  const wellFormed = /^(?:[A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/.test(request.host);
  return wellFormed ? `${request.protocol}://${request.host}` : request.server.listeningOrigin;
}

/**
 * Starts of URLs with which a client may mean a file of this installation: `/assets/` of this server, and the address of
 * presigned URLs. The signature of such a URL grants nothing that the unguessable name before it does not; it is not
 * written into the job, where others would read it, and may have expired when the job starts.
 */
export async function assetUrlPrefixes(context: ApiContext, request: FastifyRequest): Promise<readonly string[]> {
  const servers = [publicBase(context, request), `${request.protocol}://${request.host}`];
  const name = 'any';
  const url = await context.services.objects.urlFor(name).catch(() => '');
  const [presigned = ''] = url.split('?', 1);
  return [
    ...servers.map((server) => `${server}/assets/`),
    ...(URL.canParse(presigned) && presigned.endsWith(`/${name}`) ? [presigned.slice(0, -name.length)] : []),
  ];
}

/** URL of an object for a client; a store that has no address of its own gives a path below `base`. */
export async function objectUrl({ services }: ApiContext, key: string, base: string): Promise<string> {
  const url = await services.objects.urlFor(key);
  return url.startsWith('/') ? base + url : url;
}

/** URL of an output. One in another store than ours has its location there, such as `s3://`, and is not served here. */
export async function outputUrl(context: ApiContext, { spec }: RenderJob, key: string, base: string): Promise<string> {
  return outputLocation(spec, key) ?? objectUrl(context, key, base);
}

/** The latest progress of the current attempt of a job. */
export function liveProgress({ services }: ApiContext, job: RenderJob): Progress | undefined {
  const latest = services.bus.latest(job.metadata.uid);
  return latest?.attempt === (job.status?.attempt ?? 1) ? latest.progress : undefined;
}

/** The state of the installation. A failure to determine it is logged and counts as unhealthy. */
export async function healthFacts({ services }: ApiContext, log: FastifyBaseLogger): Promise<HealthFacts> {
  try {
    return await services.health();
  } catch (error) {
    log.error({ error: String(error) }, 'health check failed');
    return unknownHealth;
  }
}

/** Aborted when the connection of a reply closes: the client left, or has the whole reply. */
export function closeSignal(reply: FastifyReply): AbortSignal {
  const closed = new AbortController();
  reply.raw.once('close', () => closed.abort());
  return closed.signal;
}
