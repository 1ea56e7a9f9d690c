import { isDeepStrictEqual } from 'node:util';
import { bounds } from '../../../model/job/bounds.ts';
import { apiVersion, type RenderJob, type RenderJobStatus } from '../../../model/job/render-job.ts';
import { labels } from '../../../model/labels.ts';
import { isTerminal } from '../../../model/status/lifecycle.ts';
import type { Clock } from '../../../ports/clock.ts';
import type {
  CreateGuard,
  CreateOutcome,
  JobChange,
  JobFilter,
  JobPage,
  JobRef,
  JobStore,
  NewJob,
  SpecPatch,
  StoreHealth,
} from '../../../ports/job-store.ts';
import { checkMove, checkSize, patchedJob, statusFromJson } from '../../../ports/job-write-rules.ts';
import { type ApiCall, mergePatch } from '../client/api-call.ts';
import type { Transport } from '../client/transport.ts';
import type { Change } from '../client/watch/object-cache.ts';
import { Reflector, type WatchOptions } from '../client/watch/reflector.ts';
import { cursorAfter, orderOf } from './creation-cursor.ts';
import { isActive, JobChanges } from './job-changes.ts';
import { JobCreation } from './job-creation.ts';
import { matches } from './job-match.ts';
import { RenderJobApi } from './render-job-api.ts';
import { acceptRenderJob, type CachedJob, renderJobPath, renderJobsPath } from './render-job-object.ts';
import { finalizeRenderJob, removeRenderJob } from './render-job-removal.ts';
import { storeError } from './store-errors.ts';

export interface KubernetesJobStoreOptions {
  readonly clock: Clock;
  /** Retention of finished jobs that set none of their own, in seconds. */
  readonly defaultTtlSeconds: number;
  /** The only namespace that is watched; all of them when absent. */
  readonly namespace?: string;
  readonly watch?: WatchOptions;
  readonly onError?: (error: unknown, during: string) => void;
}

/**
 * RenderJobs in the Kubernetes API. All of them are in memory, kept up to date by one watch; writes of this process are
 * visible there immediately. Reads are answered from memory, and by the API server when memory has nothing.
 */
export class KubernetesJobStore implements JobStore, AsyncDisposable {
  readonly #options: KubernetesJobStoreOptions;
  readonly #reflector: Reflector<CachedJob>;
  readonly #api: RenderJobApi;
  readonly #changes = new JobChanges();
  readonly #creation: JobCreation;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  constructor(transport: Transport, options: KubernetesJobStoreOptions) {
    this.#options = options;
    this.#reflector = new Reflector<CachedJob>(transport, {
      ...options.watch,
      path: renderJobsPath(options.namespace),
      accept: acceptRenderJob,
      indexes: { owner: ({ job }) => [job.metadata.labels?.[labels.owner] ?? []].flat() },
      onChange: (change) => this.#publish(change),
      ...(options.onError === undefined ? {} : { onError: options.onError }),
    });
    this.#api = new RenderJobApi(transport, this.#reflector);
    this.#creation = new JobCreation(this.#api, this.#reflector.cache, () => options.clock.now());
    this.#running = this.#reflector.run(this.#stop.signal);
  }

  /** Resolves when all jobs have been read for the first time. */
  whenSynced(): Promise<void> {
    return this.#reflector.whenSynced();
  }

  create(job: NewJob, guard?: CreateGuard): Promise<CreateOutcome> {
    return this.#creation.create(job, guard);
  }

  async get(ref: JobRef, { fresh = false }: { readonly fresh?: boolean } = {}): Promise<RenderJob | undefined> {
    return (await (fresh ? this.#api.read(ref) : this.#api.find(ref)))?.job;
  }

  async list(
    filter: JobFilter,
    { limit = 100, cursor, offset = 0 }: { limit?: number; cursor?: string; offset?: number } = {},
  ): Promise<JobPage> {
    const before = cursor === undefined ? undefined : orderOf(cursor);
    const found = this.#find(filter)
      .filter(({ order }) => before === undefined || order < before)
      .toSorted((a, b) => (a.order < b.order ? 1 : -1));
    const page = found.slice(offset, offset + limit);
    const last = page.at(-1);
    const more = found.length > offset + limit;
    return {
      jobs: page.map(({ job }) => job),
      ...(more && last !== undefined ? { cursor: cursorAfter(last.order) } : {}),
    };
  }

  async count(filter: JobFilter): Promise<number> {
    return this.#find(filter).length;
  }

  async patchSpec(ref: JobRef, resourceVersion: string, patch: SpecPatch): Promise<RenderJob> {
    const { job } = await this.#api.at(ref, resourceVersion);
    const next = patchedJob(job, patch);
    checkSize('spec', JSON.stringify(next.spec), bounds.specBytes);
    if (isDeepStrictEqual(next, job)) return job;
    const { labels: changed, ...spec } = patch;
    const body = { metadata: { resourceVersion, labels: changed }, spec };
    return this.#write(ref, { method: 'PATCH', path: renderJobPath(ref), contentType: mergePatch, body });
  }

  async writeStatus(ref: JobRef, resourceVersion: string, status: RenderJobStatus): Promise<RenderJob> {
    const json = JSON.stringify(status);
    checkSize('status', json, bounds.statusBytes);
    const written = statusFromJson(json);
    const { job } = await this.#api.at(ref, resourceVersion);
    checkMove(job, written.phase);
    if (isDeepStrictEqual(written, job.status)) return job;
    const { name, namespace, uid } = job.metadata;
    // A write of the subresource uses only the status of its body.
    const body = {
      apiVersion,
      kind: 'RenderJob',
      metadata: { name, namespace, uid, resourceVersion },
      status: written,
    };
    return this.#write(ref, { method: 'PUT', path: renderJobPath(ref, 'status'), body });
  }

  async remove(ref: JobRef, uid?: string): Promise<void> {
    await removeRenderJob(this.#api, ref, uid);
  }

  async finalize(ref: JobRef, uid: string): Promise<void> {
    const deleted = await finalizeRenderJob(this.#api, ref, uid);
    if (deleted !== undefined) this.#reflector.cache.remove(deleted);
  }

  async listExpired(now: number, limit: number): Promise<readonly RenderJob[]> {
    return [...this.#reflector.cache.values()]
      .flatMap(({ job, order }) => {
        const at = this.#expiry(job);
        return at === undefined || at > now || job.metadata.deletionTimestamp !== undefined ? [] : [{ job, order, at }];
      })
      .toSorted((a, b) => a.at - b.at || (a.order < b.order ? -1 : 1))
      .slice(0, limit)
      .map(({ job }) => job);
  }

  watch(signal: AbortSignal): AsyncIterable<JobChange> {
    const jobs = [...this.#reflector.cache.values()].map(({ job }) => job);
    return this.#changes.watch(jobs, signal);
  }

  health(): StoreHealth {
    return { synced: this.#reflector.synced, lastContactMs: this.#reflector.lastContactMs };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  #find(filter: JobFilter): CachedJob[] {
    const jobs =
      filter.owner === undefined
        ? [...this.#reflector.cache.values()]
        : this.#reflector.cache.byIndex('owner', filter.owner);
    return jobs.filter(({ job }) => matches(job, filter));
  }

  async #write(ref: JobRef, call: ApiCall): Promise<RenderJob> {
    try {
      return (await this.#api.call(call)).job;
    } catch (error) {
      throw storeError(error, ref);
    }
  }

  #publish(change: Change<CachedJob>): void {
    const { job } = change.object;
    if (change.type === 'removed') this.#changes.publish({ type: 'removed', job });
    // Of the jobs that existed at the start, only the active ones are published.
    else if (change.type === 'changed' || this.#reflector.synced || isActive(job))
      this.#changes.publish({ type: 'put', job });
  }

  /** When a finished job is to be removed, in Unix milliseconds. */
  #expiry({ metadata, spec, status }: RenderJob): number | undefined {
    if (!isTerminal(status?.phase)) return undefined;
    const finished = Date.parse(status?.finishedAt ?? metadata.creationTimestamp);
    return finished + (spec.ttlSecondsAfterFinished ?? this.#options.defaultTtlSeconds) * 1000;
  }
}
