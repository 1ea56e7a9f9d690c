import { type StageIdentity, stageName } from '../../../model/job/stage.ts';
import { managedByUs } from '../../../model/labels.ts';
import { labelSelector, resourcePath } from '../client/resource-path.ts';
import type { Transport } from '../client/transport.ts';
import type { Change } from '../client/watch/object-cache.ts';
import { Reflector, type WatchOptions } from '../client/watch/reflector.ts';
import {
  acceptNode,
  acceptStageJob,
  acceptStagePod,
  type CachedNode,
  type CachedStageJob,
  type CachedStagePod,
} from './stage-objects.ts';

interface StageObjectsOptions {
  /** The only namespace that is watched; all of them when absent. */
  readonly namespace?: string;
  /** Whether to watch nodes, to count their slots. */
  readonly nodes: boolean;
  readonly watch?: WatchOptions;
  readonly onJob: (change: Change<CachedStageJob>) => void;
  readonly onPod: (change: Change<CachedStagePod>) => void;
  readonly onNode: () => void;
  readonly onError?: (error: unknown, during: string) => void;
}

/** Our Jobs, their pods, and the nodes, kept up to date by one watch each. */
export class StageObjects implements AsyncDisposable {
  readonly jobs: Reflector<CachedStageJob>;
  readonly pods: Reflector<CachedStagePod>;
  readonly nodes: Reflector<CachedNode> | undefined;
  readonly #stop = new AbortController();
  readonly #running: Promise<unknown>;

  constructor(transport: Transport, { namespace, nodes, watch, onJob, onPod, onNode, onError }: StageObjectsOptions) {
    const shared = { ...watch, ...(onError === undefined ? {} : { onError }) };
    const common = { ...shared, labelSelector: labelSelector(managedByUs) };
    this.jobs = new Reflector<CachedStageJob>(transport, {
      ...common,
      path: resourcePath({ apiVersion: 'batch/v1', resource: 'jobs', namespace }),
      accept: acceptStageJob,
      indexes: { renderJob: ({ identity }) => [identity.uid], uid: ({ metadata }) => [metadata.uid] },
      onChange: onJob,
    });
    this.pods = new Reflector<CachedStagePod>(transport, {
      ...common,
      path: resourcePath({ apiVersion: 'v1', resource: 'pods', namespace }),
      accept: acceptStagePod,
      indexes: {
        job: ({ job }) => (job === undefined ? [] : [job]),
        renderJob: ({ identity }) => (identity === undefined ? [] : [identity.uid]),
      },
      onChange: onPod,
    });
    this.nodes = nodes
      ? new Reflector<CachedNode>(transport, {
          ...shared,
          path: resourcePath({ apiVersion: 'v1', resource: 'nodes' }),
          accept: acceptNode,
          onChange: onNode,
        })
      : undefined;
    const reflectors = [this.jobs, this.pods, ...(this.nodes === undefined ? [] : [this.nodes])];
    this.#running = Promise.all(reflectors.map((reflector) => reflector.run(this.#stop.signal)));
  }

  async whenSynced(): Promise<void> {
    await Promise.all([this.jobs.whenSynced(), this.pods.whenSynced(), this.nodes?.whenSynced()]);
  }

  job(identity: StageIdentity): CachedStageJob | undefined {
    return this.jobs.cache.get(jobKey(identity));
  }

  /** The Job of a pod. */
  jobOf({ job }: CachedStagePod): CachedStageJob | undefined {
    return job === undefined ? undefined : this.jobs.cache.byIndex('uid', job)[0];
  }

  /** The Jobs of a RenderJob. */
  jobsOf(uid: string): CachedStageJob[] {
    return this.jobs.cache.byIndex('renderJob', uid).filter(({ owner }) => owner === uid);
  }

  podsOf({ metadata: { uid } }: CachedStageJob): CachedStagePod[] {
    return this.pods.cache.byIndex('job', uid);
  }

  /** Pods whose Job does not exist, of one RenderJob or of all. */
  podsWithoutJob(uid?: string): CachedStagePod[] {
    const { cache } = this.pods;
    const pods = uid === undefined ? [...cache.values()] : cache.byIndex('renderJob', uid);
    return pods.filter((pod) => this.jobOf(pod) === undefined);
  }

  /** Milliseconds since the last data of each watch. */
  lastContactMs(): Record<string, number> {
    return {
      jobs: this.jobs.lastContactMs,
      pods: this.pods.lastContactMs,
      ...(this.nodes === undefined ? {} : { nodes: this.nodes.lastContactMs }),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }
}

/** `namespace/name` of the Job of a stage. */
export function jobKey(identity: StageIdentity): string {
  return `${identity.namespace}/${stageName(identity)}`;
}
