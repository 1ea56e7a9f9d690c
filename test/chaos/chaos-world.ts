import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { ApiCall } from '../../src/adapters/kubernetes/client/api-call.ts';
import { hasStatus, statuses } from '../../src/adapters/kubernetes/client/api-error.ts';
import type { Credentials } from '../../src/adapters/kubernetes/client/credentials.ts';
import { kubeconfigCredentials } from '../../src/adapters/kubernetes/client/kubeconfig.ts';
import { Transport } from '../../src/adapters/kubernetes/client/transport.ts';
import { DirectoryStore } from '../../src/adapters/object-store/directory-store.ts';
import { publishingAs } from '../../src/adapters/object-store/installations.ts';
import type { OpenedStore } from '../../src/adapters/object-store/open-store.ts';
import { outputKey, outputOf } from '../../src/model/job/output-keys.ts';
import { labels } from '../../src/model/labels.ts';
import { isTerminal } from '../../src/model/status/lifecycle.ts';
import type { TestCluster } from '../support/cluster.ts';
import { eventually } from '../support/eventually.ts';
import { aResult } from '../support/jobs.ts';
import { ChaosOperator, installation } from './chaos-operator.ts';
import { isLivePod, podRecord, type Recording } from './history.ts';
import { violations } from './invariants.ts';
import type { Death } from './mortality.ts';
import { Recorder } from './recorder.ts';

/** How a pod of the test ends. */
export interface PodEnd {
  readonly exitCode: number;
  /** What the worker left, if it left anything. */
  readonly message?: string;
  readonly reason?: string;
  /** Why the system took it away. */
  readonly disruption?: string;
}

/** Stands in a URL of each job, as a signature would. */
const signature = 'c0ffee5ec7e7';

const mergePatch = 'application/merge-patch+json';
const image = 'example.com/worker:chaos';

/** A namespace in which operators live and die, with everything else that happens there, and its whole history. */
export class ChaosWorld implements AsyncDisposable {
  readonly recorder: Recorder;
  readonly objects: OpenedStore;
  readonly namespace: string;
  readonly operators: ChaosOperator[] = [];
  readonly #transport: Transport;
  readonly #credentials: Credentials;
  readonly #node: string;
  readonly #slots: number;
  readonly #stack: AsyncDisposableStack;
  /** Pods whose end was written; the watch may not have delivered it yet. */
  readonly #ended = new Set<string>();
  #sequence = 0;

  private constructor(parts: {
    recorder: Recorder;
    objects: OpenedStore;
    namespace: string;
    transport: Transport;
    credentials: Credentials;
    node: string;
    slots: number;
    stack: AsyncDisposableStack;
  }) {
    this.recorder = parts.recorder;
    this.objects = parts.objects;
    this.namespace = parts.namespace;
    this.#transport = parts.transport;
    this.#credentials = parts.credentials;
    this.#node = parts.node;
    this.#slots = parts.slots;
    this.#stack = parts.stack;
  }

  /**
   * @param node that kwok plays
   * @param slots stages that run in parallel
   */
  static async open(cluster: TestCluster, node: string, slots = 8): Promise<ChaosWorld> {
    await using stack = new AsyncDisposableStack();
    const namespace = await cluster.namespace();
    const folder = await mkdtemp(join(tmpdir(), 'framewright-chaos-'));
    stack.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
    const credentials = await kubeconfigCredentials(cluster.kubeconfig);
    const transport = stack.use(new Transport(credentials, { userAgent: 'framewright-chaos-recorder' }));
    const recorder = stack.use(await Recorder.start(transport, namespace));
    const objects = new DirectoryStore({ dir: join(folder, 'objects') });
    return new ChaosWorld({ recorder, objects, namespace, transport, credentials, node, slots, stack: stack.move() });
  }

  /** One more operator beside those there are. */
  async operator(death?: Death): Promise<ChaosOperator> {
    const pool = {
      name: 'gpu',
      image,
      allocation: { type: 'DevicePlugin' as const, resourceName: 'gpu.intel.com/i915' },
      nodeSelector: { 'kubernetes.io/hostname': this.#node },
      tolerations: [{ key: 'kwok.x-k8s.io/node', operator: 'Exists' as const }],
      maxConcurrent: this.#slots,
    };
    const { namespace, objects } = this;
    const surroundings = { credentials: this.#credentials, namespace, objects, pools: [pool] };
    const operator = await ChaosOperator.start(surroundings, death);
    this.operators.push(operator);
    return operator;
  }

  /** Operators that have not been killed. */
  get living(): ChaosOperator[] {
    return this.operators.filter(({ life }) => !life.dead);
  }

  job(name: string): Recording<'RenderJob'> | undefined {
    return this.recorder.present('RenderJob').find(({ metadata }) => metadata.name === name);
  }

  phaseOf(name: string): string | undefined {
    const job = this.job(name);
    return job && (job.status?.phase ?? 'Queued');
  }

  /** The newest live pod of a job. */
  livePod(name: string): Recording<'Pod'> | undefined {
    return this.recorder
      .present('Pod')
      .filter((pod) => isLivePod(pod) && pod.metadata.labels?.[labels.job] === name)
      .at(-1);
  }

  /** The pod of a job that runs and has not been asked to end, of any attempt or of one. */
  runningPod(name: string, attempt?: number): Recording<'Pod'> | undefined {
    const pod = this.livePod(name);
    const fits = attempt === undefined || pod?.metadata.labels?.[labels.attempt] === String(attempt);
    return fits && pod !== undefined && this.#isAtWork(pod) ? pod : undefined;
  }

  /** Makes a RenderJob as REST does; kubectl makes one without finalizers. */
  async create(
    name: string,
    spec: object = {},
    { finalizers = ['framewright.dev/cleanup'] }: { readonly finalizers?: readonly string[] } = {},
  ): Promise<void> {
    const url = `https://media.example.com/clip.mp4?X-Amz-Signature=${signature}`;
    await this.call({
      method: 'POST',
      path: this.#renderJob(''),
      body: {
        apiVersion: 'framewright.dev/v1alpha1',
        kind: 'RenderJob',
        metadata: { name, labels: { [labels.owner]: 'chaos' }, finalizers },
        spec: { inputs: [{ name: 'clip', url }], ...spec },
      },
    });
  }

  /** Merges into a RenderJob, as a user does; one that is gone stays gone. */
  async edit(name: string, change: object): Promise<void> {
    await this.call({ method: 'PATCH', path: this.#renderJob(name), contentType: mergePatch, body: change });
  }

  async remove(name: string): Promise<void> {
    await this.call({ method: 'DELETE', path: this.#renderJob(name) });
  }

  /** As someone does who tidies up by hand. */
  async removeStageJob(name: string, propagationPolicy: 'Background' | 'Foreground'): Promise<void> {
    const path = `/apis/batch/v1/namespaces/${this.namespace}/jobs/${name}`;
    await this.call({ method: 'DELETE', path, body: { propagationPolicy } });
  }

  /** The worker has published its output; answers under which key. */
  async publish(pod: Recording<'Pod'>): Promise<string> {
    const attempt = Number(labelOf(pod, labels.attempt));
    const key = outputKey({ uid: labelOf(pod, labels.uid), attempt }, 'main', 'mp4');
    if ((await this.objects.stat(key)) !== undefined) return key;
    const store = publishingAs(this.objects, installation);
    const upload = await store.createUpload(key);
    await writeFile(upload.path, 'frames');
    await store.publish(upload);
    return key;
  }

  /** The worker publishes its outputs and ends well, unless it is ended before. */
  async succeed(pod: Recording<'Pod'>): Promise<void> {
    this.#ended.add(pod.metadata.uid);
    const key = await this.publish(pod);
    const outputs = [{ name: 'main', kind: 'video' as const, key, mediaType: 'video/mp4', bytes: 8 }];
    const message = JSON.stringify(aResult({ outputs }));
    for (;;) {
      const now = podRecord.safeParse(await this.call({ path: this.#pod(pod) }));
      const same = now.success && now.data.metadata.uid === pod.metadata.uid;
      if (!same || now.data.status?.phase !== 'Running' || now.data.metadata.deletionTimestamp !== undefined) {
        // Here it was ended first: what it had not published yet stays unseen.
        return this.objects.remove(key);
      }
      const { resourceVersion } = now.data.metadata;
      if ((await this.end(pod, { exitCode: 0, message }, resourceVersion)) !== undefined) return;
    }
  }

  /** Writes the end of a pod as a kubelet does. */
  async end(
    pod: Recording<'Pod'>,
    { exitCode, message, reason, disruption }: PodEnd,
    resourceVersion?: string,
  ): Promise<unknown> {
    this.#ended.add(pod.metadata.uid);
    const at = new Date().toISOString();
    const terminated = { exitCode, message: message ?? '', reason: reason ?? 'Error', startedAt: at, finishedAt: at };
    const condition = {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'EvictionByEvictionAPI',
      message: disruption,
      lastTransitionTime: at,
    };
    const status = {
      phase: exitCode === 0 ? 'Succeeded' : 'Failed',
      ...(disruption === undefined ? {} : { conditions: [condition] }),
      containerStatuses: [
        { name: 'worker', image, imageID: '', ready: false, restartCount: 0, state: { terminated, running: null } },
      ],
    };
    const body = { metadata: { resourceVersion }, status };
    return this.call({ method: 'PATCH', path: `${this.#pod(pod)}/status`, contentType: mergePatch, body });
  }

  /** Drains the node of a pod: the API marks it, and its kubelet ends it. */
  async evict(pod: Recording<'Pod'>): Promise<void> {
    const { name, namespace } = pod.metadata;
    const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace } };
    await this.call({ method: 'POST', path: `${this.#pod(pod)}/eviction`, body });
  }

  /** Deletes a pod as the garbage collector does after its node was deleted: its end is not reported. */
  async loseNode(pod: Recording<'Pod'>): Promise<void> {
    this.#ended.add(pod.metadata.uid);
    const condition = {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'DeletionByPodGC',
      message: 'PodGC: node no longer exists',
      lastTransitionTime: new Date().toISOString(),
    };
    const status = { phase: 'Failed', conditions: [condition] };
    await this.call({ method: 'PATCH', path: `${this.#pod(pod)}/status`, contentType: mergePatch, body: { status } });
    await this.call({ method: 'DELETE', path: this.#pod(pod), body: { gracePeriodSeconds: 0 } });
  }

  /** Progress of a job's present attempt, on the bus of every operator. */
  report(name: string, percent: number): void {
    const pod = this.livePod(name);
    if (pod === undefined) return;
    this.#sequence += 1;
    const message = {
      namespace: this.namespace,
      name,
      uid: labelOf(pod, labels.uid),
      attempt: Number(labelOf(pod, labels.attempt)),
      sequence: this.#sequence,
      progress: { percent, step: 'encoding' as const, updatedAt: new Date().toISOString() },
    };
    for (const { bus } of this.living) bus.publish(message);
  }

  /** Lets every pod end well from now on, until every job has ended. */
  async settle(timeoutMs = 60_000): Promise<void> {
    const ended = (): boolean => {
      for (const pod of this.recorder.present('Pod')) {
        if (!this.#isAtWork(pod)) continue;
        this.succeed(pod).catch(() => this.#ended.delete(pod.metadata.uid));
      }
      return this.recorder
        .present('RenderJob')
        .every(({ metadata, status }) => metadata.deletionTimestamp === undefined && isTerminal(status?.phase));
    };
    // What was just made may not have been heard of.
    await this.recorder.caughtUp();
    await this.recorder.until('every job to end', ended, timeoutMs);
    const idle = (): boolean => !this.recorder.present('Pod').some(isLivePod);
    await this.recorder.until('no worker to be left', idle, timeoutMs);
  }

  /** Waits for a second without a write. */
  quiet(): Promise<void> {
    return this.recorder.quiet(() => this.operators.reduce((sum, { life }) => sum + life.writes.length, 0));
  }

  /** The invariants that the history of this world violates; outputs may outlive their attempt by some seconds. */
  async broken(unfencedMs = 0): Promise<string[]> {
    let orphaned: string[] = [];
    const noneOrphaned = async (): Promise<void> => {
      orphaned = await this.#orphanedOutputs();
      expect(orphaned).toEqual([]);
    };
    // Those that remain are part of the result.
    await eventually(noneOrphaned, { withinMs: 20_000, everyMs: 100 }).catch(() => undefined);
    await this.recorder.caughtUp();
    return [...violations(this.recorder.history, { secrets: [signature], settled: true, unfencedMs }), ...orphaned];
  }

  /** Outputs of removed jobs and of unsuccessful attempts. */
  async #orphanedOutputs(): Promise<string[]> {
    const jobs = new Map(this.recorder.present('RenderJob').map((job) => [job.metadata.uid, job.status]));
    const orphaned: string[] = [];
    for await (const { key } of this.objects.list('')) {
      const output = outputOf(key);
      if (output === undefined) continue;
      const status = jobs.get(output.uid);
      if (status === undefined) orphaned.push(`the output ${key} outlived its job`);
      else if (status.phase !== 'Succeeded') orphaned.push(`the output ${key} outlived its attempt`);
    }
    return orphaned;
  }

  /** For the report of a failure: the operators and the history of this world. */
  describe(): string {
    const errors = this.operators.map(
      ({ errors: said, life }, index) =>
        `operator ${index + 1}${life.dead ? ' (killed)' : ''}: ${life.writes.join(', ')}\n  ${said.slice(-8).join('\n  ')}`,
    );
    return [this.recorder.describe(), ...errors].join('\n');
  }

  /** A call of someone else's, whom a missing or changed object does not surprise. */
  async call(call: ApiCall): Promise<unknown> {
    try {
      return await this.#transport.request(call);
    } catch (error) {
      if (hasStatus(error, statuses.notFound) || hasStatus(error, statuses.conflict)) return undefined;
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const operator of this.operators) await operator.kill();
    await this.#stack.disposeAsync();
  }

  #isAtWork({ metadata: { uid, deletionTimestamp }, status }: Recording<'Pod'>): boolean {
    return status?.phase === 'Running' && deletionTimestamp === undefined && !this.#ended.has(uid);
  }

  #renderJob(name: string): string {
    return `/apis/framewright.dev/v1alpha1/namespaces/${this.namespace}/renderjobs${name === '' ? '' : `/${name}`}`;
  }

  #pod({ metadata: { name, namespace } }: Recording<'Pod'>): string {
    return `/api/v1/namespaces/${namespace}/pods/${name}`;
  }
}

function labelOf({ metadata }: Recording<'Pod'>, label: string): string {
  return metadata.labels?.[label] ?? '';
}
