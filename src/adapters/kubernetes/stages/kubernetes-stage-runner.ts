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
import { type StageChange, StageChanges } from './stage-changes.ts';
import { stageJob } from './stage-job.ts';
import { checkOurs, StageJobApi } from './stage-job-api.ts';
import { stageLogs } from './stage-logs.ts';
import type { CachedStageJob, CachedStagePod } from './stage-objects.ts';
import { jobKey, StageObjects } from './stage-objects-cache.ts';
import { mayRunAgain, StageRuns } from './stage-runs.ts';
import { UncertainPods } from './uncertain-pods.ts';

export interface KubernetesStageRunnerOptions {
  /** At least one. */
  readonly pools: readonly Pool[];
  readonly namespace?: string;
  readonly graceSeconds: number;
  readonly timeoutSlackSeconds: number;
  /** Variables for the worker of one stage only. */
  readonly environmentOf?: ((stage: StageSpec) => readonly EnvironmentVariable[]) | undefined;
  readonly watch?: WatchOptions;
  readonly onError?: (error: unknown, during: string) => void;
}

/**
 * Runs each stage as one batch/v1 Job with one pod. The Job is the record of the run: it is kept until the run is forgotten,
 * whatever happens to the pod, so that a stage never runs twice.
 */
export class KubernetesStageRunner implements StageRunner, AsyncDisposable {
  readonly #transport: Transport;
  readonly #options: KubernetesStageRunnerOptions;
  readonly #objects: StageObjects;
  readonly #changes = new StageChanges();
  readonly #slotChanges = new SlotChanges();
  readonly #api: StageJobApi;
  readonly #runs: StageRuns;
  readonly #starting = new KeyedMutex();
  readonly #uncertainPods = new UncertainPods();

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
    this.#runs = new StageRuns(this.#objects, this.#api, options.pools);
  }

  async start(stage: StageSpec, { pool: name, ...requested }: StartOptions): Promise<void> {
    const pool = this.#options.pools.find((candidate) => candidate.name === name);
    if (pool === undefined) {
      const names = this.#options.pools.map((candidate) => candidate.name).join(', ');
      throw new CodedError('INVALID_REQUEST', `Expected one of the pools ${names}, got ${name}`);
    }
    const { identity } = stage;
    const { graceSeconds, timeoutSlackSeconds, environmentOf } = this.#options;
    const environment = environmentOf?.(stage) ?? [];
    const body = stageJob(stage, pool, { graceSeconds, timeoutSlackSeconds, environment, ...requested });
    await this.#objects.whenSynced();
    await this.#starting.run(jobKey(identity), async () => {
      const known = this.#objects.job(identity);
      if (known === undefined) await this.#create(identity, body);
      else checkOurs(known, identity);
    });
  }

  async stop(
    identity: StageIdentity,
    { graceMs, reason }: { readonly graceMs: number; readonly reason: StopReason },
  ): Promise<void> {
    await this.#objects.whenSynced();
    const job = this.#objects.job(identity) ?? (await this.#api.read(identity));
    for (const pod of this.#objects.podsWithoutJob(identity.uid)) {
      const ofStage = pod.identity?.attempt === identity.attempt && pod.identity.stage === identity.stage;
      if (ofStage && isOrphan(pod) && pod.metadata.deletionTimestamp === undefined)
        await this.#api.endPod(pod, graceMs);
    }
    if (job?.owner !== identity.uid || job.stopReason !== undefined) return;
    if (!hasEnded(this.#runs.of(job)) || mayRunAgain(job)) await this.#api.stop(job, reason, graceMs);
  }

  async observe(
    uid: string,
    { fresh = [] }: { readonly fresh?: readonly StageIdentity[] } = {},
  ): Promise<readonly StageRun[]> {
    await this.#objects.whenSynced();
    for (const identity of fresh) {
      const known = this.#objects.job(identity);
      if ((await this.#api.read(identity)) === undefined && known !== undefined) this.#objects.jobs.cache.remove(known);
    }
    const runs = await Promise.all(this.#objects.jobsOf(uid).map((job) => this.#runs.detailed(job)));
    return [...runs, ...orphanRuns(this.#objects.podsWithoutJob(uid))].toSorted(
      (a, b) => a.identity.attempt - b.identity.attempt,
    );
  }

  watch(signal: AbortSignal): AsyncIterable<StageChange> {
    const live = [...this.#objects.jobs.cache.values()].filter((job) => !hasEnded(this.#runs.of(job)));
    const orphanPods = this.#objects.podsWithoutJob().filter(isOrphan);
    const identities = [...live, ...orphanPods].flatMap(({ identity }) => identity ?? []);
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
    for (const job of this.#objects.jobsOf(uid)) {
      if (hasEnded(await this.#runs.confirmed(job))) await this.#api.remove(job);
    }
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
          const job = this.#objects.job(identity);
          if (job === undefined) return undefined;
          return { run: await this.#runs.confirmed(job), pod: this.#objects.podsOf(job)[0] };
        },
        watch: (signal) => this.#changes.watch([], signal),
      },
      identity,
      options,
    );
  }

  /** Milliseconds since the last data of each watch. */
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

  async #create(identity: StageIdentity, body: object): Promise<void> {
    const { uid } = identity;
    if (this.#uncertainPods.has(uid)) {
      const pods = await this.#api.readPodsOf(identity);
      if (pods.some(isOrphan)) {
        // The pod is that of this Job, or of a deleted one: with neither may another Job be created.
        const existing = await this.#api.read(identity);
        if (existing !== undefined) return checkOurs(existing, identity);
        throw new ConflictError(`A worker of ${jobKey(identity)} is still being stopped`);
      }
      this.#uncertainPods.clear(uid);
    }
    try {
      await this.#api.create(identity, body);
    } catch (error) {
      this.#uncertainPods.suspect(uid);
      throw error;
    }
  }

  #jobChanged(change: Change<CachedStageJob>): void {
    const { identity } = change.object;
    const ended = this.#runs.hasRecordedEnd(change.object);
    if (change.type === 'removed') {
      if (!ended) this.#uncertainPods.suspect(identity.uid);
      this.#runs.forget(change.object);
    }
    if (change.type === 'changed') {
      // Other changes, such as the counters of the Job controller, do not change the run.
      if (isSame(change.before, change.object) || (ended && !mayRunAgain(change.object))) return;
    }
    this.#changes.publish(identity);
  }

  /** Derives the run immediately: a pod that was stopped is deleted as soon as it has ended. */
  #podChanged(pod: CachedStagePod): void {
    const job = this.#objects.jobOf(pod);
    if (job === undefined && pod.identity !== undefined) this.#changes.publish(pod.identity);
    if (job === undefined || this.#runs.hasRecordedEnd(job)) return;
    this.#runs.of(job, pod);
    this.#changes.publish(job.identity);
  }
}

/** Whether two states of a Job have the same run. */
function isSame(a: CachedStageJob, b: CachedStageJob): boolean {
  return a.ended === b.ended && a.stopReason === b.stopReason && a.suspended === b.suspended && a.idle === b.idle;
}
