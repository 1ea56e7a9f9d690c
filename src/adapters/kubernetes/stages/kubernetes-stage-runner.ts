import { CodedError } from '../../../errors/coded-error.ts';
import { KeyedMutex } from '../../../lib/keyed-mutex.ts';
import type { StageIdentity, StageSpec } from '../../../model/job/stage.ts';
import { ConflictError } from '../../../ports/job-store.ts';
import {
  hasEnded,
  type PoolSlots,
  type StageRun,
  type StageRunner,
  type StartOptions,
  type StopReason,
} from '../../../ports/stage-runner.ts';
import type { Transport } from '../client/transport.ts';
import type { Change } from '../client/watch/object-cache.ts';
import type { WatchOptions } from '../client/watch/reflector.ts';
import type { EnvironmentVariable, Pool } from '../pools/pool.ts';
import { checkPools, poolSlots } from '../pools/pool-slots.ts';
import { SlotChanges } from '../pools/slot-changes.ts';
import { isOrphan, orphanRuns } from './orphan-pods.ts';
import { PodCreationFailures } from './pod-creation-failures.ts';
import { type StageChange, StageChanges } from './stage-changes.ts';
import { stageJob } from './stage-job.ts';
import { checkOurs, jobKey, StageJobApi } from './stage-job-api.ts';
import { stageLogs } from './stage-logs.ts';
import type { CachedStageJob, CachedStagePod } from './stage-objects.ts';
import { StageObjects } from './stage-objects-cache.ts';
import { stageRun } from './stage-run.ts';
import { UncertainPods } from './uncertain-pods.ts';

export interface KubernetesStageRunnerOptions {
  /** At least one. */
  readonly pools: readonly Pool[];
  readonly namespace?: string;
  readonly graceSeconds: number;
  readonly timeoutSlackSeconds: number;
  /** Variables for the worker of one stage alone. */
  readonly environmentOf?: ((stage: StageSpec) => readonly EnvironmentVariable[]) | undefined;
  readonly watch?: WatchOptions;
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
  readonly #changes = new StageChanges();
  readonly #slotChanges = new SlotChanges();
  readonly #api: StageJobApi;
  readonly #refusals: PodCreationFailures;
  readonly #starting = new KeyedMutex();
  readonly #unseen = new UncertainPods();
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
      onNode: () => this.#slotChanges.update(this.#slots()),
      ...(options.onError === undefined ? {} : { onError: options.onError }),
    });
    this.#api = new StageJobApi(transport, this.#objects);
    this.#refusals = new PodCreationFailures((job) => this.#api.refusalOf(job));
  }

  async start(stage: StageSpec, { pool: name, ...wishes }: StartOptions): Promise<void> {
    const pool = this.#pool(name);
    if (pool === undefined) {
      const names = this.#options.pools.map((candidate) => candidate.name).join(', ');
      throw new CodedError('INVALID_REQUEST', `Expected one of the pools ${names}, got ${name}`);
    }
    const { identity } = stage;
    const { graceSeconds, timeoutSlackSeconds, environmentOf } = this.#options;
    const environment = environmentOf?.(stage) ?? [];
    const body = stageJob(stage, pool, { graceSeconds, timeoutSlackSeconds, environment, ...wishes });
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
    const job = this.#cached(identity) ?? (await this.#api.read(identity));
    for (const pod of this.#strayPods(identity.uid)) {
      const ours = pod.identity?.attempt === identity.attempt && pod.identity.stage === identity.stage;
      if (ours && isOrphan(pod) && pod.metadata.deletionTimestamp === undefined) await this.#api.endPod(pod, graceMs);
    }
    if (job?.owner !== identity.uid || job.stopReason !== undefined) return;
    if (!hasEnded(this.#runOf(job)) || mayRunAgain(job)) await this.#api.stop(job, reason, graceMs);
  }

  async observe(
    uid: string,
    { fresh = [] }: { readonly fresh?: readonly StageIdentity[] } = {},
  ): Promise<readonly StageRun[]> {
    await this.#objects.whenSynced();
    for (const identity of fresh) {
      const known = this.#cached(identity);
      if ((await this.#api.read(identity)) === undefined && known !== undefined) this.#objects.jobs.cache.remove(known);
    }
    const jobs = this.#jobsOf(uid);
    const runs = await Promise.all(jobs.map((job) => this.#seen(job)));
    return [...runs, ...orphanRuns(this.#strayPods(uid))].toSorted((a, b) => a.identity.attempt - b.identity.attempt);
  }

  watch(signal: AbortSignal): AsyncIterable<StageChange> {
    const live = [...this.#objects.jobs.cache.values()].filter((job) => !hasEnded(this.#runOf(job)));
    const strays = [...this.#objects.pods.cache.values()].filter((pod) => this.#jobOf(pod) === undefined);
    const identities = [...live, ...strays.filter(isOrphan)].flatMap(({ identity }) => identity ?? []);
    return this.#changes.watch(identities, signal);
  }

  async slots(): Promise<readonly PoolSlots[]> {
    await this.#objects.whenSynced();
    return this.#slots();
  }

  watchSlots(signal: AbortSignal): AsyncIterable<void> {
    return this.#slotChanges.watch(signal);
  }

  async forget(uid: string): Promise<void> {
    await this.#objects.whenSynced();
    for (const job of this.#jobsOf(uid)) if (hasEnded(await this.#confirmed(job))) await this.#api.remove(job);
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
        watch: (signal) => this.#changes.watch([], signal),
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

  #slots(): PoolSlots[] {
    const nodes = [...(this.#objects.nodes?.cache.values() ?? [])];
    return this.#options.pools.map((pool) => poolSlots(pool, nodes));
  }

  #pool(name: string | undefined): Pool | undefined {
    return this.#options.pools.find((candidate) => candidate.name === name);
  }

  async #create(identity: StageIdentity, body: object): Promise<void> {
    const { uid } = identity;
    if (this.#unseen.has(uid)) {
      const pods = await this.#api.readPodsOf(identity);
      if (pods.some(isOrphan)) {
        // Of this very Job, or of one that is gone: beside neither may another be made, whatever the watch has brought.
        const made = await this.#api.read(identity);
        if (made !== undefined) return checkOurs(made, identity);
        throw new ConflictError(`Expected no worker of ${jobKey(identity)} to be left, but one is still being ended`);
      }
      this.#unseen.clear(uid);
    }
    try {
      await this.#api.create(identity, body);
    } catch (error) {
      this.#unseen.suspect(uid);
      throw error;
    }
  }

  #jobOf({ job }: CachedStagePod): CachedStageJob | undefined {
    return job === undefined ? undefined : this.#objects.jobs.cache.byIndex('uid', job)[0];
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
    const { metadata, identity } = change.object;
    const over = this.#ended.has(metadata.uid);
    if (change.type === 'removed') {
      if (!over) this.#unseen.suspect(identity.uid);
      this.#ended.delete(metadata.uid);
      this.#refusals.forget(metadata.uid);
    }
    if (change.type === 'changed') {
      // What the Job controller counts besides is no news.
      if (isSame(change.before, change.object) || (over && !mayRunAgain(change.object))) return;
    }
    this.#changes.publish(identity);
  }

  /** Pods of a RenderJob whose Job is not there. */
  #strayPods(uid: string): CachedStagePod[] {
    const pods = this.#objects.pods.cache.byIndex('renderJob', uid);
    return pods.filter((pod) => this.#jobOf(pod) === undefined);
  }

  /** Looks at once: a pod that was stopped is removed right after it has ended. */
  #podChanged(pod: CachedStagePod): void {
    const job = this.#jobOf(pod);
    if (job === undefined && pod.identity !== undefined) this.#changes.publish(pod.identity);
    if (job === undefined || this.#ended.has(job.metadata.uid)) return;
    this.#runOf(job, pod);
    this.#changes.publish(job.identity);
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

  async #seen(job: CachedStageJob): Promise<StageRun> {
    let run = await this.#confirmed(job);
    if (run.state === 'waiting' && run.podName === undefined && !job.suspended) {
      const refused = await this.#refusals.of(job);
      if (refused !== undefined) run = stageRun(job, this.#podsOf(job), refused);
    }
    const pool = this.#pool(job.pool);
    const gpu = pool === undefined ? {} : { gpu: pool.allocation.type !== 'None' };
    return hasEnded(run) && mayRunAgain(job) ? { ...run, ...gpu, mayRunAgain: true } : { ...run, ...gpu };
  }

  /** The watches of Jobs and pods are not in step: before a run without a pod is over, the API server is asked for one. */
  async #confirmed(job: CachedStageJob): Promise<StageRun> {
    const run = this.#runOf(job);
    if (!hasEnded(run) || this.#ended.has(job.metadata.uid)) return run;
    if ((await this.#api.readPods(job)).length > 0) return this.#runOf(job);
    this.#ended.set(job.metadata.uid, run);
    return run;
  }
}

/** Whether two states of a Job are the same to those who judge its run. */
function isSame(a: CachedStageJob, b: CachedStageJob): boolean {
  return a.ended === b.ended && a.stopReason === b.stopReason && a.suspended === b.suspended && a.idle === b.idle;
}

/** Kueue took the slot of a Job away and gives it another one some day. */
function mayRunAgain({ queued, suspended, ended, stopReason }: CachedStageJob): boolean {
  return queued && suspended && ended === undefined && stopReason === undefined;
}
