import { CodedError } from '../errors.ts';
import type { RenderJobSpec } from '../model/render-job.ts';
import { type StageIdentity, type StageSpec, stageName } from '../model/stage.ts';
import { ConflictError, type PoolSlots, type StageRun, type StageRunner, type StopReason } from '../ports.ts';
import { InTurn } from './in-turn.ts';
import type { Pool } from './pool.ts';
import { checkPools, poolSlots } from './pool-slots.ts';
import { hasStatus, isAlreadyExists, isConflict, statuses } from './runtime/api-error.ts';
import { isRecord } from './runtime/api-object.ts';
import type { Change } from './runtime/object-cache.ts';
import type { WatchOptions } from './runtime/reflector.ts';
import type { Transport } from './runtime/transport.ts';
import { stageJob, stopAnnotation } from './stage-job.ts';
import { stageLogs } from './stage-logs.ts';
import { type StageNews, StageNewsroom } from './stage-news.ts';
import { acceptStageJob, acceptStagePod, type CachedStageJob, type CachedStagePod } from './stage-objects.ts';
import { StageObjects } from './stage-objects-cache.ts';
import { hasEnded, stageRun } from './stage-run.ts';
import { storeError } from './store-errors.ts';

export interface KubernetesStageRunnerOptions {
  /** At least one. */
  readonly pools: readonly Pool[];
  readonly namespace?: string;
  readonly graceSeconds: number;
  readonly timeoutSlackSeconds: number;
  readonly watch?: WatchOptions;
  /** The bounded changes that a job asks for. */
  readonly podTemplateOf?: (identity: StageIdentity) => RenderJobSpec['podTemplate'] | undefined;
  readonly onError?: (error: unknown, during: string) => void;
}

/**
 * Runs each stage as one batch/v1 Job with one pod. The Job is the record of the run: it stays, whatever becomes of the
 * pod, until the run is forgotten, so that a stage is never run twice.
 */
export class KubernetesStageRunner implements StageRunner, AsyncDisposable {
  readonly #transport: Transport;
  readonly #options: KubernetesStageRunnerOptions;
  readonly #objects: StageObjects;
  readonly #news = new StageNewsroom();
  readonly #starting = new InTurn();
  /** Runs that have ended, by uid of their Job: pods are removed, ends stay as they are. */
  readonly #ended = new Map<string, StageRun>();

  constructor(transport: Transport, options: KubernetesStageRunnerOptions) {
    checkPools(options.pools);
    this.#transport = transport;
    this.#options = options;
    this.#objects = new StageObjects(transport, {
      ...(options.namespace === undefined ? {} : { namespace: options.namespace }),
      ...(options.watch === undefined ? {} : { watch: options.watch }),
      nodes: options.pools.some(({ allocation }) => allocation.type === 'DevicePlugin'),
      onJob: (change) => this.#jobChanged(change),
      onPod: ({ object }) => this.#podChanged(object),
      ...(options.onError === undefined ? {} : { onError: options.onError }),
    });
  }

  async start(stage: StageSpec, { pool: name }: { readonly pool: string }): Promise<void> {
    const pool = this.#options.pools.find((candidate) => candidate.name === name);
    if (pool === undefined) {
      const names = this.#options.pools.map((candidate) => candidate.name).join(', ');
      throw new CodedError('INVALID_REQUEST', `Expected one of the pools ${names}, got ${name}`);
    }
    const { identity } = stage;
    const { graceSeconds, timeoutSlackSeconds, podTemplateOf } = this.#options;
    const podTemplate = podTemplateOf?.(identity);
    const body = stageJob(stage, pool, { graceSeconds, timeoutSlackSeconds, podTemplate });
    await this.#objects.whenSynced();
    await this.#starting.run(jobKey(identity), async () => {
      const known = this.#cached(identity);
      if (known === undefined) await this.#create(identity, body);
      else checkOurs(known, identity);
    });
  }

  async stop(
    identity: StageIdentity,
    { graceMs, reason }: { readonly graceMs: number; readonly reason: StopReason },
  ): Promise<void> {
    await this.#objects.whenSynced();
    const job = this.#cached(identity) ?? (await this.#read(identity));
    if (job?.owner !== identity.uid || job.stopReason !== undefined || hasEnded(this.#runOf(job))) return;
    try {
      // One write says why and keeps the Job from making another pod; the Job controller then ends the one there is.
      const answer = await this.#transport.request({
        method: 'PATCH',
        path: jobPath(identity),
        contentType: 'application/merge-patch+json',
        body: {
          metadata: { uid: job.metadata.uid, annotations: { [stopAnnotation]: reason } },
          spec: { suspend: true },
        },
      });
      this.#observeJob(answer);
      // It would give the pod the longest grace there is.
      const gracePeriodSeconds = Math.max(1, Math.ceil(graceMs / 1000));
      for (const pod of await this.#readPods(job)) await this.#endPod(pod, gracePeriodSeconds);
    } catch (error) {
      if (!hasStatus(error, statuses.notFound)) throw storeError(error, identity);
    }
  }

  async observe(uid: string): Promise<readonly StageRun[]> {
    await this.#objects.whenSynced();
    const jobs = this.#jobsOf(uid);
    const runs = await Promise.all(jobs.map((job) => this.#confirmed(job)));
    return runs.toSorted((a, b) => a.identity.attempt - b.identity.attempt);
  }

  watch(signal: AbortSignal): AsyncIterable<StageNews> {
    const live = [...this.#objects.jobs.cache.values()].filter((job) => !hasEnded(this.#runOf(job)));
    return this.#news.watch(
      live.map(({ identity }) => identity),
      signal,
    );
  }

  async slots(): Promise<readonly PoolSlots[]> {
    await this.#objects.whenSynced();
    const nodes = [...(this.#objects.nodes?.cache.values() ?? [])];
    return this.#options.pools.map((pool) => poolSlots(pool, nodes));
  }

  async forget(uid: string): Promise<void> {
    await this.#objects.whenSynced();
    for (const job of this.#jobsOf(uid)) if (hasEnded(await this.#confirmed(job))) await this.#remove(job);
  }

  logs(
    identity: StageIdentity,
    options: { readonly follow: boolean; readonly signal: AbortSignal },
  ): AsyncIterable<Uint8Array> {
    return stageLogs(
      {
        transport: this.#transport,
        find: async () => {
          await this.#objects.whenSynced();
          const job = this.#cached(identity);
          if (job === undefined) return undefined;
          return { run: await this.#confirmed(job), pod: this.#podsOf(job)[0] };
        },
        watch: (signal) => this.#news.watch([], signal),
      },
      identity,
      options,
    );
  }

  /** Milliseconds since the last sign of life of each watch. */
  lastContactMs(): Record<string, number> {
    return this.#objects.lastContactMs();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#objects[Symbol.asyncDispose]();
  }

  #cached(identity: StageIdentity): CachedStageJob | undefined {
    return this.#objects.jobs.cache.get(jobKey(identity));
  }

  #jobsOf(uid: string): CachedStageJob[] {
    return this.#objects.jobs.cache.byIndex('renderJob', uid).filter(({ owner }) => owner === uid);
  }

  #podsOf({ metadata: { uid } }: CachedStageJob): CachedStagePod[] {
    return this.#objects.pods.cache.byIndex('job', uid);
  }

  #jobChanged(change: Change<CachedStageJob>): void {
    const { metadata, identity, ended, stopReason } = change.object;
    const over = this.#ended.has(metadata.uid);
    if (change.type === 'removed') this.#ended.delete(metadata.uid);
    // What the Job controller counts besides is no news.
    const same = change.type === 'changed' && change.before.ended === ended && change.before.stopReason === stopReason;
    if (change.type === 'changed' && (over || same)) return;
    this.#news.tell(identity);
  }

  /** Looks at once: a pod that was stopped is removed right after it has ended. */
  #podChanged(pod: CachedStagePod): void {
    const [job] = pod.job === undefined ? [] : this.#objects.jobs.cache.byIndex('uid', pod.job);
    if (job === undefined || this.#ended.has(job.metadata.uid)) return;
    this.#runOf(job, pod);
    this.#news.tell(job.identity);
  }

  /** @param gone a pod that may no longer be in the cache */
  #runOf(job: CachedStageJob, gone?: CachedStagePod): StageRun {
    const { uid } = job.metadata;
    const known = this.#ended.get(uid);
    if (known !== undefined) return known;
    const pods = this.#podsOf(job);
    const all =
      gone === undefined || pods.some(({ metadata }) => metadata.uid === gone.metadata.uid) ? pods : [gone, ...pods];
    const run = stageRun(job, all);
    // An end of which no pod tells is only believed when the API server was asked.
    if (hasEnded(run) && all.length > 0) this.#ended.set(uid, run);
    return run;
  }

  /** The watches of Jobs and pods are not in step: before a run without a pod is over, the API server is asked for one. */
  async #confirmed(job: CachedStageJob): Promise<StageRun> {
    const run = this.#runOf(job);
    if (!hasEnded(run) || this.#ended.has(job.metadata.uid)) return run;
    if ((await this.#readPods(job)).length > 0) return this.#runOf(job);
    this.#ended.set(job.metadata.uid, run);
    return run;
  }

  async #create(identity: StageIdentity, body: object): Promise<void> {
    const path = jobPath({ ...identity }, '');
    try {
      this.#observeJob(await this.#transport.request({ method: 'POST', path, body }));
      return;
    } catch (error) {
      if (!isAlreadyExists(error)) throw storeError(error, identity);
    }
    const found = await this.#read(identity);
    if (found === undefined)
      throw new ConflictError(`Expected the Job ${stageName(identity)}, but it was just removed`);
    checkOurs(found, identity);
  }

  async #read(identity: StageIdentity): Promise<CachedStageJob | undefined> {
    try {
      return this.#observeJob(await this.#transport.request({ path: jobPath(identity) })) ?? stranger(identity);
    } catch (error) {
      if (!hasStatus(error, statuses.notFound)) throw storeError(error, identity);
      return undefined;
    }
  }

  async #readPods({ metadata: { uid }, identity }: CachedStageJob): Promise<CachedStagePod[]> {
    const path = `/api/v1/namespaces/${encodeURIComponent(identity.namespace)}/pods`;
    const query = { labelSelector: `batch.kubernetes.io/controller-uid=${uid}` };
    const list = await this.#transport.request({ path, query });
    const items = isRecord(list) && Array.isArray(list['items']) ? list['items'] : [];
    const pods = items.flatMap((item) => acceptStagePod(item) ?? []);
    for (const pod of pods) this.#objects.pods.observe(pod);
    return pods;
  }

  async #endPod(
    { metadata: { namespace = '', name, uid } }: CachedStagePod,
    gracePeriodSeconds: number,
  ): Promise<void> {
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}`;
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds, preconditions: { uid } };
    try {
      const answer = acceptStagePod(await this.#transport.request({ method: 'DELETE', path, body }));
      if (answer?.metadata.deletionTimestamp !== undefined) this.#objects.pods.observe(answer);
    } catch (error) {
      // The Job controller was faster.
      if (!hasStatus(error, statuses.notFound) && !isConflict(error)) throw error;
    }
  }

  async #remove(job: CachedStageJob): Promise<void> {
    const { identity, metadata } = job;
    const body = {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      preconditions: { uid: metadata.uid },
      propagationPolicy: 'Background',
    };
    try {
      await this.#transport.request({ method: 'DELETE', path: jobPath(identity), body });
    } catch (error) {
      // Gone, or another one has its name by now.
      if (!hasStatus(error, statuses.notFound) && !isConflict(error)) throw storeError(error, identity);
    }
    this.#objects.jobs.cache.remove(job);
  }

  #observeJob(answer: unknown): CachedStageJob | undefined {
    const job = acceptStageJob(answer);
    if (job !== undefined) this.#objects.jobs.observe(job);
    return job;
  }
}

/** Refuses a Job of the stage's name that is not the stage: its predecessor, or someone else's. */
function checkOurs({ owner, metadata, identity: found }: CachedStageJob, identity: StageIdentity): void {
  const name = jobKey(identity);
  const ours = owner === identity.uid && found.attempt === identity.attempt && found.stage === identity.stage;
  if (metadata.deletionTimestamp !== undefined) {
    throw new ConflictError(
      `Expected the name of the Job ${name} to be free, but an earlier one is still being removed`,
    );
  }
  if (ours) return;
  throw new CodedError(
    'CONFLICT',
    `Expected the Job ${name} to be that of RenderJob ${identity.uid}, but another owns it`,
    {
      hint: 'Remove or rename that Job; its name is needed for this one.',
    },
  );
}

/** What stands for a Job that has our name and not our labels. */
function stranger(identity: StageIdentity): CachedStageJob {
  return {
    metadata: { name: stageName(identity), namespace: identity.namespace, uid: '', resourceVersion: '' },
    identity,
    owner: undefined,
    pool: undefined,
    stopReason: undefined,
    ended: undefined,
    endMessage: undefined,
    endedAt: undefined,
  };
}

function jobKey(identity: StageIdentity): string {
  return `${identity.namespace}/${stageName(identity)}`;
}

function jobPath(identity: StageIdentity, name = stageName(identity)): string {
  const jobs = `/apis/batch/v1/namespaces/${encodeURIComponent(identity.namespace)}/jobs`;
  return name === '' ? jobs : `${jobs}/${encodeURIComponent(name)}`;
}
