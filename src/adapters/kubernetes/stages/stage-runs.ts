import { hasEnded, type StageRun } from '../../../ports/stage-runner.ts';
import type { Pool } from '../pools/pool.ts';
import { PodCreationFailures } from './pod-creation-failures.ts';
import type { StageJobApi } from './stage-job-api.ts';
import type { CachedStageJob, CachedStagePod } from './stage-objects.ts';
import type { StageObjects } from './stage-objects-cache.ts';
import { stageRun } from './stage-run.ts';

/** The runs of stage Jobs, from the cached Jobs and pods. A run that has ended stays as it was, even without its pod. */
export class StageRuns {
  readonly #objects: StageObjects;
  readonly #api: StageJobApi;
  readonly #pools: readonly Pool[];
  readonly #podCreationFailures: PodCreationFailures;
  /** By uid of the Job. */
  readonly #ended = new Map<string, StageRun>();

  constructor(objects: StageObjects, api: StageJobApi, pools: readonly Pool[]) {
    this.#objects = objects;
    this.#api = api;
    this.#pools = pools;
    this.#podCreationFailures = new PodCreationFailures((job) => api.podCreationFailureOf(job));
  }

  /** @param deleted a pod that may no longer be in the cache */
  of(job: CachedStageJob, deleted?: CachedStagePod): StageRun {
    const { uid } = job.metadata;
    const known = this.#ended.get(uid);
    if (known !== undefined) return known;
    const pods = withPod(this.#objects.podsOf(job), deleted);
    const run = stageRun(job, pods);
    // An end without a pod has to be confirmed by the API server.
    if (hasEnded(run) && pods.length > 0) this.#ended.set(uid, run);
    return run;
  }

  /** The watches of Jobs and pods are not synchronous: before a run without a pod has ended, the API server is asked for one. */
  async confirmed(job: CachedStageJob): Promise<StageRun> {
    const run = this.of(job);
    if (!hasEnded(run) || this.#ended.has(job.metadata.uid)) return run;
    if ((await this.#api.readPods(job)).length > 0) return this.of(job);
    this.#ended.set(job.metadata.uid, run);
    return run;
  }

  /** The confirmed run with everything that its pool and the events of its Job add. */
  async detailed(job: CachedStageJob): Promise<StageRun> {
    let run = await this.confirmed(job);
    if (run.state === 'waiting' && run.podName === undefined && !job.suspended) {
      const failure = await this.#podCreationFailures.of(job);
      if (failure !== undefined) run = stageRun(job, this.#objects.podsOf(job), failure);
    }
    const pool = this.#pools.find(({ name }) => name === job.pool);
    const gpu = pool === undefined ? {} : { gpu: pool.allocation.type !== 'None' };
    return hasEnded(run) && mayRunAgain(job) ? { ...run, ...gpu, mayRunAgain: true } : { ...run, ...gpu };
  }

  hasRecordedEnd({ metadata }: CachedStageJob): boolean {
    return this.#ended.has(metadata.uid);
  }

  forget({ metadata }: CachedStageJob): void {
    this.#ended.delete(metadata.uid);
    this.#podCreationFailures.forget(metadata.uid);
  }
}

/** Kueue took the slot of a Job and may give it another one later. */
export function mayRunAgain({ queued, suspended, ended, stopReason }: CachedStageJob): boolean {
  return queued && suspended && ended === undefined && stopReason === undefined;
}

function withPod(pods: readonly CachedStagePod[], pod: CachedStagePod | undefined): readonly CachedStagePod[] {
  if (pod === undefined || pods.some(({ metadata }) => metadata.uid === pod.metadata.uid)) return pods;
  return [pod, ...pods];
}
