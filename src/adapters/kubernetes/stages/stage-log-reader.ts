import { type StageIdentity, stageName } from '../../../model/job/stage.ts';
import { labels, managedByUs } from '../../../model/labels.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { StageRun } from '../../../ports/stage-runner.ts';
import { listOf } from '../client/api-object.ts';
import { labelSelector, type ResourcePath, resourcePath } from '../client/resource-path.ts';
import type { Transport } from '../client/transport.ts';
import { storeError } from '../jobs/store-errors.ts';
import type { StageChange } from './stage-changes.ts';
import { stageLogs } from './stage-logs.ts';
import { acceptStageJob, acceptStagePod, type CachedStageJob, type CachedStagePod } from './stage-objects.ts';
import { stageRun } from './stage-run.ts';

interface StageLogReaderOptions {
  readonly clock: Pick<Clock, 'sleep'>;
  /** Milliseconds between two checks of a follower whether a run has started or ended. */
  readonly pollEveryMs?: number;
}

/**
 * Runs and their logs for a process that starts none: read from the API server on request, so that a replica of the API
 * keeps no Jobs and no pods in memory.
 */
export class StageLogReader {
  readonly #transport: Transport;
  readonly #clock: Pick<Clock, 'sleep'>;
  readonly #pollEveryMs: number;

  constructor(transport: Transport, { clock, pollEveryMs = 1000 }: StageLogReaderOptions) {
    this.#transport = transport;
    this.#clock = clock;
    this.#pollEveryMs = pollEveryMs;
  }

  /** All runs of a job, oldest first. */
  async observe(uid: string, namespace: string): Promise<readonly StageRun[]> {
    const found = await this.#find(uid, namespace);
    return found.map(({ run }) => run).toSorted((a, b) => a.identity.attempt - b.identity.attempt);
  }

  /** The log of a stage's pod. Empty when the pod was deleted. */
  logs(
    identity: StageIdentity,
    options: { readonly follow: boolean; readonly signal: AbortSignal },
  ): AsyncIterable<Uint8Array> {
    const find = async (): Promise<{ run: StageRun; pod: CachedStagePod | undefined } | undefined> => {
      const runs = await this.#find(identity.uid, identity.namespace);
      return runs.find(({ run }) => stageName(run.identity) === stageName(identity));
    };
    return stageLogs(
      { transport: this.#transport, find, watch: (signal) => this.#poll(identity, signal) },
      identity,
      options,
    );
  }

  async *#poll(identity: StageIdentity, signal: AbortSignal): AsyncGenerator<StageChange> {
    while (!signal.aborted) {
      await this.#clock.sleep(this.#pollEveryMs, signal).catch(() => undefined);
      if (!signal.aborted) yield { ref: { namespace: identity.namespace, name: identity.name }, uid: identity.uid };
    }
  }

  async #find(uid: string, namespace: string): Promise<{ run: StageRun; pod: CachedStagePod | undefined }[]> {
    // Jobs first: a pod that is created in between belongs to a known Job.
    const jobs = await this.#list({ apiVersion: 'batch/v1', resource: 'jobs' }, { uid, namespace }, acceptStageJob);
    const pods = await this.#list({ apiVersion: 'v1', resource: 'pods' }, { uid, namespace }, acceptStagePod);
    return jobs
      .filter(({ owner }) => owner === uid)
      .map((job: CachedStageJob) => {
        const podsOfJob = pods.filter((pod) => pod.job === job.metadata.uid);
        return { run: stageRun(job, podsOfJob), pod: podsOfJob[0] };
      });
  }

  async #list<T>(
    resource: Pick<ResourcePath, 'apiVersion' | 'resource'>,
    { uid, namespace }: Pick<StageIdentity, 'uid' | 'namespace'>,
    accept: (value: unknown) => T | undefined,
  ): Promise<T[]> {
    const query = { labelSelector: labelSelector({ ...managedByUs, [labels.uid]: uid }) };
    try {
      const list = await this.#transport.request({ path: resourcePath({ ...resource, namespace }), query });
      return listOf(list).flatMap((item) => accept(item) ?? []);
    } catch (error) {
      throw storeError(error, { namespace, name: uid });
    }
  }
}
