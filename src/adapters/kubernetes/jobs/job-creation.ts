import { isDeepStrictEqual } from 'node:util';
import { CodedError } from '../../../errors/coded-error.ts';
import { KeyedMutex } from '../../../lib/keyed-mutex.ts';
import { bounds } from '../../../model/job/bounds.ts';
import type { RenderJob } from '../../../model/job/render-job.ts';
import { isTerminal } from '../../../model/status/lifecycle.ts';
import { type CreateGuard, type CreateOutcome, keyOf, type NewJob } from '../../../ports/job-store.ts';
import { checkSize, specFromJson } from '../../../ports/job-write-rules.ts';
import { hasStatus, isAlreadyExists, statuses } from '../client/api-error.ts';
import type { ObjectCache } from '../client/watch/object-cache.ts';
import { CreationClock } from './creation-cursor.ts';
import type { RenderJobApi } from './render-job-api.ts';
import { type CachedJob, renderJobBody, renderJobsPath } from './render-job-object.ts';
import { storeError } from './store-errors.ts';
import { UnfinishedJobQuota } from './unfinished-job-quota.ts';

/** Creates RenderJobs: each name once, and no more unfinished ones of an owner than its quota. */
export class JobCreation {
  readonly #api: RenderJobApi;
  readonly #cache: ObjectCache<CachedJob>;
  readonly #created: CreationClock;
  readonly #mutex = new KeyedMutex();
  readonly #quota = new UnfinishedJobQuota();

  /**
   * @param cache with the index `owner`
   * @param now Unix milliseconds
   */
  constructor(api: RenderJobApi, cache: ObjectCache<CachedJob>, now: () => number) {
    this.#api = api;
    this.#cache = cache;
    this.#created = new CreationClock(now);
  }

  async create(job: NewJob, guard?: CreateGuard): Promise<CreateOutcome> {
    const json = JSON.stringify(job.spec);
    checkSize('spec', json, bounds.specBytes);
    const wanted = { ...job, spec: specFromJson(json) };
    return this.#mutex.run(keyOf(job), async () => {
      const known = this.#cache.get(keyOf(job));
      if (known !== undefined) return outcomeOf(known.job, wanted);
      return guard === undefined ? this.#post(wanted) : this.#createGuarded(wanted, guard);
    });
  }

  async #createGuarded(job: NewJob, guard: CreateGuard): Promise<CreateOutcome> {
    const release = this.#reserve(guard, keyOf(job));
    if (release === undefined) {
      // The name may be taken by a job that only another replica has in its cache yet.
      const found = await this.#api.read(job);
      if (found !== undefined) return outcomeOf(found.job, job);
      throw new CodedError(
        'QUEUE_DEPTH_EXCEEDED',
        `${guard.owner} has reached the limit of ${guard.maxUnfinished} unfinished jobs`,
      );
    }
    try {
      return await this.#post(job);
    } finally {
      release();
    }
  }

  /** Other replicas count for themselves: together they may exceed a quota by the jobs that each creates at this moment. */
  #reserve({ owner, maxUnfinished }: CreateGuard, key: string): (() => void) | undefined {
    const jobs = this.#cache.byIndex('owner', owner);
    const unfinished = jobs.filter(({ job }) => !isTerminal(job.status?.phase)).length;
    const has = (one: string): boolean => this.#cache.get(one) !== undefined;
    return this.#quota.reserve({ owner, key, limit: maxUnfinished }, { unfinished, has });
  }

  async #post(job: NewJob): Promise<CreateOutcome> {
    const body = renderJobBody(job, this.#created.next());
    const path = renderJobsPath(job.namespace);
    try {
      const answer = await this.#api.call({ method: 'POST', path, body, query: { fieldValidation: 'Strict' } });
      return { job: answer.job, created: true, sameSpec: true };
    } catch (error) {
      if (hasStatus(error, statuses.notFound)) {
        throw new CodedError('INVALID_REQUEST', `Expected the namespace ${job.namespace} to exist, but it does not`, {
          cause: error,
        });
      }
      if (!isAlreadyExists(error)) throw storeError(error, job);
      const found = await this.#api.read(job);
      // Deleted between the two calls.
      if (found === undefined) throw storeError(error, job);
      return outcomeOf(found.job, job);
    }
  }
}

function outcomeOf(existing: RenderJob, wanted: NewJob): CreateOutcome {
  return { job: existing, created: false, sameSpec: isDeepStrictEqual(existing.spec, wanted.spec) };
}
