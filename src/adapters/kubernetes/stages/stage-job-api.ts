import { CodedError } from '../../../errors/coded-error.ts';
import { isRecord } from '../../../lib/json.ts';
import { type StageIdentity, stageName } from '../../../model/job/stage.ts';
import { annotations, labels } from '../../../model/labels.ts';
import { ConflictError } from '../../../ports/job-store.ts';
import type { StopReason } from '../../../ports/stage-runner.ts';
import { mergePatch } from '../client/api-call.ts';
import { ApiError, hasStatus, isAlreadyExists, isConflict, statuses } from '../client/api-error.ts';
import { listOf } from '../client/api-object.ts';
import { deleteCall, labelSelector, resourcePath } from '../client/resource-path.ts';
import type { Transport } from '../client/transport.ts';
import { storeError } from '../jobs/store-errors.ts';
import { acceptStageJob, acceptStagePod, type CachedStageJob, type CachedStagePod } from './stage-objects.ts';
import { jobKey, type StageObjects } from './stage-objects-cache.ts';

const jobs = { apiVersion: 'batch/v1', resource: 'jobs' } as const;

/** Writes and reads of stage Jobs and their pods; every answer of the API server is put into the cache. */
export class StageJobApi {
  readonly #transport: Transport;
  readonly #objects: StageObjects;

  constructor(transport: Transport, objects: StageObjects) {
    this.#transport = transport;
    this.#objects = objects;
  }

  async create(identity: StageIdentity, body: object): Promise<void> {
    const path = resourcePath({ ...jobs, namespace: identity.namespace });
    try {
      this.#observe(await this.#transport.request({ method: 'POST', path, body }));
      return;
    } catch (error) {
      if (!isAlreadyExists(error)) throw startError(error, identity);
    }
    const found = await this.read(identity);
    if (found === undefined)
      throw new ConflictError(`The Job ${stageName(identity)} was deleted while it was being created`);
    checkOurs(found, identity);
  }

  async read(identity: StageIdentity): Promise<CachedStageJob | undefined> {
    try {
      return this.#observe(await this.#transport.request({ path: jobPath(identity) })) ?? foreignJob(identity);
    } catch (error) {
      if (!hasStatus(error, statuses.notFound)) throw storeError(error, identity);
      return undefined;
    }
  }

  readPods({ metadata: { uid }, identity }: CachedStageJob): Promise<CachedStagePod[]> {
    return this.#listPods(identity, { [labels.jobUid]: uid });
  }

  /** Pods of all stages of a RenderJob, whether their Jobs exist or not. */
  readPodsOf(identity: StageIdentity): Promise<CachedStagePod[]> {
    return this.#listPods(identity, { [labels.uid]: identity.uid });
  }

  async #listPods({ namespace }: StageIdentity, having: Readonly<Record<string, string>>): Promise<CachedStagePod[]> {
    const path = resourcePath({ apiVersion: 'v1', resource: 'pods', namespace });
    const list = await this.#transport.request({ path, query: { labelSelector: labelSelector(having) } });
    const pods = listOf(list).flatMap((item) => acceptStagePod(item) ?? []);
    for (const pod of pods) this.#objects.pods.observe(pod);
    return pods;
  }

  /** Why the Job controller could last not create a pod; only its events contain it. */
  async podCreationFailureOf({ metadata: { uid }, identity }: CachedStageJob): Promise<string | undefined> {
    const path = resourcePath({ apiVersion: 'v1', resource: 'events', namespace: identity.namespace });
    const query = { fieldSelector: `involvedObject.uid=${uid},reason=FailedCreate`, limit: '20' };
    const list = await this.#transport.request({ path, query }).catch((error: unknown) => {
      // The message is optional: without permission to read events there is none.
      if (error instanceof ApiError) return undefined;
      throw error;
    });
    const last = listOf(list).at(-1);
    return isRecord(last) && typeof last['message'] === 'string' ? last['message'] : undefined;
  }

  /** Stops a Job and keeps it from running again. Resolves when that was requested, not when it has ended. */
  async stop(job: CachedStageJob, reason: StopReason, graceMs: number): Promise<void> {
    const { identity } = job;
    try {
      if (job.queued && job.suspended && (await this.readPods(job)).length === 0) {
        await this.remove(job);
        return;
      }
      // Kueue writes `suspend` of its Jobs: there, a deadline in the past keeps the Job from running again.
      const spec = job.queued ? { activeDeadlineSeconds: 0 } : { suspend: true };
      // One write records why and keeps the Job from creating another pod; the Job controller then deletes the present one.
      const answer = await this.#transport.request({
        method: 'PATCH',
        path: jobPath(identity),
        contentType: mergePatch,
        body: { metadata: { uid: job.metadata.uid, annotations: { [annotations.stopReason]: reason } }, spec },
      });
      this.#observe(answer);
      // The Job controller would give the pod its full grace period.
      for (const pod of await this.readPods(job)) await this.endPod(pod, graceMs);
    } catch (error) {
      if (!hasStatus(error, statuses.notFound)) throw storeError(error, identity);
    }
  }

  async remove(job: CachedStageJob): Promise<void> {
    const { identity, metadata } = job;
    const call = deleteCall(jobPath(identity), { uid: metadata.uid, propagationPolicy: 'Background' });
    try {
      await this.#transport.request(call);
    } catch (error) {
      // Deleted already, or another Job has its name now.
      if (!hasStatus(error, statuses.notFound) && !isConflict(error)) throw storeError(error, identity);
    }
    this.#objects.jobs.cache.remove(job);
  }

  async endPod({ metadata: { namespace, name, uid } }: CachedStagePod, graceMs: number): Promise<void> {
    const gracePeriodSeconds = Math.max(1, Math.ceil(graceMs / 1000));
    const path = resourcePath({ apiVersion: 'v1', resource: 'pods', namespace, name });
    try {
      const answer = acceptStagePod(await this.#transport.request(deleteCall(path, { uid, gracePeriodSeconds })));
      if (answer?.metadata.deletionTimestamp !== undefined) this.#objects.pods.observe(answer);
    } catch (error) {
      // The Job controller was faster.
      if (!hasStatus(error, statuses.notFound) && !isConflict(error)) throw error;
    }
  }

  #observe(answer: unknown): CachedStageJob | undefined {
    const job = acceptStageJob(answer);
    if (job !== undefined) this.#objects.jobs.observe(job);
    return job;
  }
}

/** Throws when the Job with the stage's name is not that of the stage: an earlier one, or a foreign one. */
export function checkOurs({ owner, metadata, identity: found }: CachedStageJob, identity: StageIdentity): void {
  const name = jobKey(identity);
  const isOurs = owner === identity.uid && found.attempt === identity.attempt && found.stage === identity.stage;
  if (metadata.deletionTimestamp !== undefined) {
    throw new ConflictError(`The earlier Job ${name} is still being deleted`);
  }
  if (isOurs) return;
  throw new CodedError(
    'CONFLICT',
    `Expected the Job ${name} to be that of RenderJob ${identity.uid}, but it has another owner`,
    {
      remedy: 'Delete that Job or create it under another name: the stage needs its name.',
    },
  );
}

/** An exceeded quota, a webhook or a missing permission: only the message of the API server explains it. */
function startError(error: unknown, identity: StageIdentity): Error {
  if (error instanceof ApiError && error.status === 403) {
    return new CodedError('FORBIDDEN', error.message, { cause: error });
  }
  return storeError(error, identity);
}

/** A placeholder for a Job with our name but without our labels. */
function foreignJob(identity: StageIdentity): CachedStageJob {
  return {
    metadata: { name: stageName(identity), namespace: identity.namespace, uid: '', resourceVersion: '' },
    identity,
    owner: undefined,
    pool: undefined,
    stopReason: undefined,
    queued: false,
    suspended: false,
    idle: false,
    ended: undefined,
    endMessage: undefined,
    endedAt: undefined,
  };
}

function jobPath(identity: StageIdentity): string {
  return resourcePath({ ...jobs, namespace: identity.namespace, name: stageName(identity) });
}
