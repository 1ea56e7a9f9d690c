import { isDeepStrictEqual } from 'node:util';
import { CodedError } from '../../../errors/coded-error.ts';
import { KeyedMutex } from '../../../lib/keyed-mutex.ts';
import { bounds } from '../../../model/job/bounds.ts';
import { apiVersion, type RenderJob, type RenderJobStatus } from '../../../model/job/render-job.ts';
import { labels } from '../../../model/labels.ts';
import { isTerminal } from '../../../model/status/lifecycle.ts';
import type { Clock } from '../../../ports/clock.ts';
import {
  type CreateGuard,
  type CreateOutcome,
  type JobChange,
  type JobFilter,
  type JobPage,
  type JobRef,
  type JobStore,
  keyOf,
  type NewJob,
  type SpecPatch,
  type StoreHealth,
} from '../../../ports/job-store.ts';
import { checkMove, checkSize, patchedJob, specFromJson, statusFromJson } from '../../../ports/job-write-rules.ts';
import { hasStatus, isAlreadyExists, statuses } from '../client/api-error.ts';
import { type ApiCall, mergePatch, type Transport } from '../client/transport.ts';
import type { Change } from '../client/watch/object-cache.ts';
import { Reflector, type WatchOptions } from '../client/watch/reflector.ts';
import { CreationClock, cursorAfter, orderOf } from './creation-cursor.ts';
import { isAtWork, JobChanges } from './job-changes.ts';
import { matches } from './job-match.ts';
import { RenderJobApi } from './render-job-api.ts';
import { acceptRenderJob, type CachedJob, renderJobBody, renderJobPath, renderJobsPath } from './render-job-object.ts';
import { finalizeRenderJob, removeRenderJob } from './render-job-removal.ts';
import { storeError } from './store-errors.ts';
import { UnfinishedJobQuota } from './unfinished-job-quota.ts';

export interface KubernetesJobStoreOptions {
  readonly clock: Clock;
  /** Retention of finished jobs that set none of their own, in seconds. */
  readonly defaultTtlSeconds: number;
  /** The only namespace to look at; all of them when absent. */
  readonly namespace?: string;
  readonly watch?: WatchOptions;
  readonly onError?: (error: unknown, during: string) => void;
}

/**
 * RenderJobs in the Kubernetes API. All of them are in memory, kept up to date by one watch; what this process writes it
 * sees at once. Reads are answered from memory, and by the API server where memory has nothing.
 */
export class KubernetesJobStore implements JobStore, AsyncDisposable {
  readonly #options: KubernetesJobStoreOptions;
  readonly #reflector: Reflector<CachedJob>;
  readonly #api: RenderJobApi;
  readonly #changes = new JobChanges();
  readonly #creating = new KeyedMutex();
  readonly #created: CreationClock;
  readonly #places = new UnfinishedJobQuota();
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  constructor(transport: Transport, options: KubernetesJobStoreOptions) {
    this.#options = options;
    this.#created = new CreationClock(() => options.clock.now());
    this.#reflector = new Reflector<CachedJob>(transport, {
      ...options.watch,
      path: renderJobsPath(options.namespace),
      accept: acceptRenderJob,
      indexes: { owner: ({ job }) => [job.metadata.labels?.[labels.owner] ?? []].flat() },
      onChange: (change) => this.#changed(change),
      ...(options.onError === undefined ? {} : { onError: options.onError }),
    });
    this.#api = new RenderJobApi(transport, this.#reflector);
    this.#running = this.#reflector.run(this.#stop.signal);
  }

  /** Resolves when every job is known for the first time. */
  whenSynced(): Promise<void> {
    return this.#reflector.whenSynced();
  }

  async create(job: NewJob, guard?: CreateGuard): Promise<CreateOutcome> {
    const json = JSON.stringify(job.spec);
    checkSize('spec', json, bounds.specBytes);
    const wanted = { ...job, spec: specFromJson(json) };
    return this.#creating.run(keyOf(job), async () => {
      const known = this.#cached(job);
      return known === undefined ? this.#make(wanted, guard) : outcomeOf(known.job, wanted);
    });
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
    // A write of the subresource takes nothing but the status from its body.
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
    const gone = await finalizeRenderJob(this.#api, ref, uid);
    if (gone !== undefined) this.#reflector.cache.remove(gone);
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

  async #make(job: NewJob, guard: CreateGuard | undefined): Promise<CreateOutcome> {
    const release = guard === undefined ? undefined : this.#reserve(guard, keyOf(job));
    if (guard !== undefined && release === undefined) {
      // The name may be taken by a job that only another replica knows yet.
      const found = await this.#api.read(job);
      if (found !== undefined) return outcomeOf(found.job, job);
      throw new CodedError(
        'QUEUE_DEPTH_EXCEEDED',
        `Expected fewer than ${guard.maxUnfinished} unfinished jobs of ${guard.owner}, got as many`,
      );
    }
    try {
      return await this.#post(job);
    } finally {
      release?.();
    }
  }

  async #post(job: NewJob): Promise<CreateOutcome> {
    const body = renderJobBody(job, this.#created.next());
    const path = renderJobsPath(job.namespace);
    try {
      const { job: made } = await this.#api.call({ method: 'POST', path, body, query: { fieldValidation: 'Strict' } });
      return { job: made, created: true, sameSpec: true };
    } catch (error) {
      if (hasStatus(error, statuses.notFound)) {
        throw new CodedError('INVALID_REQUEST', `Expected the namespace ${job.namespace} to exist, but it does not`, {
          cause: error,
        });
      }
      if (!isAlreadyExists(error)) throw storeError(error, job);
      const found = await this.#api.read(job);
      // Removed between the two calls.
      if (found === undefined) throw storeError(error, job);
      return outcomeOf(found.job, job);
    }
  }

  /**
   * Takes a place among the unfinished jobs of an owner. Other replicas count for themselves: each may be ahead of the
   * others by what it is making at this moment.
   *
   * @returns how to give it back; undefined when there is none
   */
  #reserve({ owner, maxUnfinished }: CreateGuard, key: string): (() => void) | undefined {
    const { cache } = this.#reflector;
    const jobs = cache.byIndex('owner', owner);
    const unfinished = jobs.filter(({ job }) => !isTerminal(job.status?.phase)).length;
    return this.#places.take({ owner, key, most: maxUnfinished }, unfinished, (one) => cache.get(one) !== undefined);
  }

  #cached(ref: JobRef): CachedJob | undefined {
    return this.#reflector.cache.get(keyOf(ref));
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

  #changed(change: Change<CachedJob>): void {
    const { job } = change.object;
    if (change.type === 'removed') this.#changes.publish({ type: 'removed', job });
    // Of the jobs that were there from the start only those that need something are news.
    else if (change.type === 'changed' || this.#reflector.synced || isAtWork(job))
      this.#changes.publish({ type: 'put', job });
  }

  /** When a finished job is to be removed, in Unix milliseconds. */
  #expiry({ metadata, spec, status }: RenderJob): number | undefined {
    if (!isTerminal(status?.phase)) return undefined;
    const finished = Date.parse(status?.finishedAt ?? metadata.creationTimestamp);
    return finished + (spec.ttlSecondsAfterFinished ?? this.#options.defaultTtlSeconds) * 1000;
  }
}

function outcomeOf(existing: RenderJob, wanted: NewJob): CreateOutcome {
  return { job: existing, created: false, sameSpec: isDeepStrictEqual(existing.spec, wanted.spec) };
}
