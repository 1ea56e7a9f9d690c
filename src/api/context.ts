import type { FastifyReply, FastifyRequest } from 'fastify';
import { outputLocation } from '../model/job/output-location.ts';
import type { RenderJob } from '../model/job/render-job.ts';
import { labels } from '../model/labels.ts';
import type { Progress } from '../model/status/progress.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import type { ProgressBus } from '../ports/progress-bus.ts';
import { type EditExtras, mainOutput } from './edit/edit-job-view.ts';
import type { Caller } from './http/auth.ts';
import type { StreamLimit } from './http/stream-limit.ts';
import type { JobChangeHub } from './jobs/job-change-hub.ts';
import { type NativeJob, outputKeys, viewNativeJob, withoutSecrets } from './native/native-job-view.ts';
import type { ApiOptions, ApiServices } from './services.ts';

/** What every route has at hand. */
export interface ApiContext {
  readonly services: ApiServices;
  readonly options: ApiOptions;
  readonly news: JobChangeHub;
  readonly streams: StreamLimit;
}

/** Start of the URLs in replies to a request, without a slash at its end. */
export function publicBase({ options }: ApiContext, request: FastifyRequest): string {
  if (options.publicUrl !== undefined) return options.publicUrl.replace(/\/+$/, '');
  // The Host header is the client's own word for where this server is; it must only be well-formed.
  const named = /^(?:[A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/.test(request.host);
  return named ? `${request.protocol}://${request.host}` : request.server.listeningOrigin;
}

/**
 * Beginnings of URLs by which a client may mean a file of ours: `/assets/` of this server, and where presigned URLs lead.
 * A signature is worth no more than the name before it, which nobody can guess; it stays out of the job, where others
 * would read it, and may have expired when the job starts.
 */
export async function ownFolders(context: ApiContext, request: FastifyRequest): Promise<readonly string[]> {
  const servers = [publicBase(context, request), `${request.protocol}://${request.host}`];
  const name = 'any';
  const url = await context.services.objects.urlFor(name).catch(() => '');
  const [presigned = ''] = url.split('?', 1);
  return [
    ...servers.map((server) => `${server}/assets/`),
    ...(URL.canParse(presigned) && presigned.endsWith(`/${name}`) ? [presigned.slice(0, -name.length)] : []),
  ];
}

/** Where a client can fetch an object; a store that does not know its own address gives a path. */
export async function objectUrl(objects: Pick<ObjectStore, 'urlFor'>, key: string, base: string): Promise<string> {
  const url = await objects.urlFor(key);
  return url.startsWith('/') ? base + url : url;
}

/** The same for an output of a job: one that is not in our store is named by its place, and cannot be fetched from us. */
async function outputUrl({ services }: ApiContext, { spec }: RenderJob, key: string, base: string): Promise<string> {
  return outputLocation(spec, key) ?? objectUrl(services.objects, key, base);
}

/** The last news of the present attempt of a job. */
export function liveProgress(bus: Pick<ProgressBus, 'latest'>, job: RenderJob): Progress | undefined {
  const latest = bus.latest(job.metadata.uid);
  return latest?.attempt === (job.status?.attempt ?? 1) ? latest.progress : undefined;
}

export async function editExtras(context: ApiContext, job: RenderJob, base: string): Promise<EditExtras> {
  const output = job.status?.phase === 'Succeeded' ? mainOutput(job) : undefined;
  return {
    progress: liveProgress(context.services.bus, job),
    outputUrl: output && (await outputUrl(context, job, output.key, base)),
  };
}

/** A job as the Native API answers it; to others than its owner without the secrets that source URLs can carry. */
export async function nativeView(
  context: ApiContext,
  caller: Caller,
  job: RenderJob,
  base: string,
): Promise<NativeJob> {
  const urls = await Promise.all(
    outputKeys(job).map(async (key) => [key, await outputUrl(context, job, key, base)] as const),
  );
  const view = viewNativeJob(job, { progress: liveProgress(context.services.bus, job), urls: new Map(urls) });
  return job.metadata.labels?.[labels.owner] === caller.owner ? view : withoutSecrets(view);
}

/** Aborted when the client is gone or has its whole reply. */
export function goneSignal(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort());
  return gone.signal;
}
