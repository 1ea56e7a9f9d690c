import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { expect, it, vi } from 'vitest';
import { InProcessBus } from '../../../src/adapters/in-process/in-process-bus.ts';
import { EventRecorder } from '../../../src/adapters/kubernetes/client/events/event-recorder.ts';
import { kubeconfigCredentials } from '../../../src/adapters/kubernetes/client/kubeconfig.ts';
import { type Answered, Transport } from '../../../src/adapters/kubernetes/client/transport.ts';
import { KubernetesJobStore } from '../../../src/adapters/kubernetes/jobs/kubernetes-job-store.ts';
import type { Pool } from '../../../src/adapters/kubernetes/pools/pool.ts';
import { KubernetesStageRunner } from '../../../src/adapters/kubernetes/stages/kubernetes-stage-runner.ts';
import { DirectoryStore } from '../../../src/adapters/object-store/directory-store.ts';
import { Controller } from '../../../src/controller/controller.ts';
import { defaultPolicy, type Policy } from '../../../src/controller/policies/policy.ts';
import { systemClock as clock } from '../../../src/lib/system-clock.ts';
import type { RenderJob, RenderJobSpec } from '../../../src/model/job/render-job.ts';
import { manager } from '../../../src/model/labels.ts';
import { createRenderMetrics } from '../../../src/observability/render-metrics.ts';
import type { ObjectStore } from '../../../src/ports/object-store.ts';
import { createObserver } from '../../../src/processes/operator/observer.ts';
import { describeOnCluster, type TestCluster } from '../../support/cluster.ts';

export const resourceName = 'gpu.intel.com/i915';
const patience = { timeout: 60_000, interval: 50 };

/** Tests whose nodes and pods are simulated: skipped, with a message, on a cluster that the tests did not start. */
export function describeWithPlayedPods(name: string, tests: (cluster: TestCluster) => void): void {
  describeOnCluster(name, (cluster) => {
    if (cluster.own) {
      tests(cluster);
      return;
    }
    const reason = 'needs nodes whose pods are played';
    console.error(`${name}: ${reason}`);
    it.runIf(cluster.own)(reason, () => expect.unreachable(reason));
  });
}

export interface TestControllerOptions {
  readonly pools: (namespace: string) => readonly Pool[];
  readonly policy?: Partial<Policy>;
  /** Wraps the folder of objects. */
  readonly objects?: (real: ObjectStore) => ObjectStore;
}

/** The controller with its real store, runner and events in a namespace of a test, without anything around it. */
export class TestController implements AsyncDisposable {
  readonly cluster: TestCluster;
  readonly namespace: string;
  readonly store: KubernetesJobStore;
  readonly objects: ObjectStore;
  /** Methods and answers of the writes so far. */
  readonly writes: readonly string[];
  readonly #stack: AsyncDisposableStack;
  readonly #recorder: EventRecorder;
  readonly #retry: { readonly restart: () => Promise<void> };

  private constructor(parts: {
    cluster: TestCluster;
    namespace: string;
    store: KubernetesJobStore;
    objects: ObjectStore;
    writes: readonly string[];
    stack: AsyncDisposableStack;
    recorder: EventRecorder;
    restart: () => Promise<void>;
  }) {
    this.cluster = parts.cluster;
    this.namespace = parts.namespace;
    this.store = parts.store;
    this.objects = parts.objects;
    this.writes = parts.writes;
    this.#stack = parts.stack;
    this.#recorder = parts.recorder;
    this.#retry = { restart: parts.restart };
  }

  static async start(
    cluster: TestCluster,
    { pools, policy, objects: wrap }: TestControllerOptions,
  ): Promise<TestController> {
    const namespace = await cluster.namespace();
    const stack = new AsyncDisposableStack();
    const folder = await mkdtemp(join(tmpdir(), 'framewright-controller-'));
    stack.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
    const writes: string[] = [];
    const onAnswer = ({ method, code }: Answered): void => {
      if (method !== 'GET') writes.push(`${method} ${code}`);
    };
    const credentials = await kubeconfigCredentials(cluster.kubeconfig);
    const transport = stack.use(new Transport(credentials, { userAgent: 'framewright-test', onAnswer }));
    const store = stack.use(new KubernetesJobStore(transport, { clock, defaultTtlSeconds: 3600, namespace }));
    const runner = stack.use(
      new KubernetesStageRunner(transport, {
        namespace,
        pools: pools(namespace),
        graceSeconds: 5,
        timeoutSlackSeconds: 30,
      }),
    );
    const recorder = stack.use(new EventRecorder(transport, { controller: manager, instance: 'test', clock }));
    const real = new DirectoryStore({ dir: join(folder, 'objects') });
    const objects = wrap === undefined ? real : wrap(real);
    const observer = createObserver({
      log: pino({ level: 'silent' }),
      recorder,
      renders: createRenderMetrics(new Registry()),
    });
    const ports = { store, runner, bus: new InProcessBus(), objects, clock };
    const options = {
      policy: { ...defaultPolicy, otherNodes: true, backoffSeconds: 1, graceMs: 2000, ...policy },
      observer,
      expiryIntervalMs: 200,
    };
    let stop = new AbortController();
    let running = new Controller(ports, options).run(stop.signal);
    stack.defer(async () => {
      stop.abort();
      await running;
    });
    const restart = async (): Promise<void> => {
      stop.abort();
      await running;
      stop = new AbortController();
      running = new Controller(ports, options).run(stop.signal);
    };
    return new TestController({ cluster, namespace, store, objects, writes, stack, recorder, restart });
  }

  /** Replaces the controller by another one with an empty memory. */
  restart(): Promise<void> {
    return this.#retry.restart();
  }

  async create(name: string, spec: Partial<RenderJobSpec> = {}): Promise<void> {
    const inputs = [{ name: 'main', asset: 'clip.mp4' }];
    await this.store.create({ namespace: this.namespace, name, spec: { inputs, ...spec } });
  }

  kubectl(...args: readonly string[]): Promise<string> {
    return this.cluster.run([...args, '-n', this.namespace]);
  }

  async job(name: string): Promise<RenderJob | undefined> {
    return this.store.get({ namespace: this.namespace, name });
  }

  async patch(name: string, spec: object): Promise<void> {
    await this.kubectl('patch', 'rj', name, '--type=merge', '-p', JSON.stringify({ spec }));
  }

  /** Waits until a job has a phase and reason, and returns it. */
  async until(name: string, phase: string, reason: string): Promise<RenderJob> {
    return vi.waitFor(async () => {
      const job = await this.job(name);
      const { status } = job ?? {};
      expect(`${status?.phase} ${status?.reason}`, status?.message).toBe(`${phase} ${reason}`);
      if (job === undefined) throw new Error(`Expected the job ${name}`);
      return job;
    }, patience);
  }

  /** The name of the pod of a job, once there is one of this attempt. */
  async pod(name: string, attempt = 1): Promise<string> {
    const label = `framewright.dev/job=${name},framewright.dev/attempt=${attempt}`;
    return vi.waitFor(async () => {
      const found = await this.kubectl('get', 'pods', '-l', label, '-o', 'jsonpath={.items[*].metadata.name}');
      expect(found).not.toBe('');
      return found;
    }, patience);
  }

  /** Writes the status of a pod as a kubelet does; its node must be a silent one. */
  async setPodStatus(pod: string, status: object): Promise<void> {
    await vi.waitFor(async () => {
      expect(await this.kubectl('get', 'pod', pod, '-o', 'jsonpath={.spec.nodeName}')).not.toBe('');
    }, patience);
    await this.kubectl('patch', 'pod', pod, '--subresource=status', '--type=merge', '-p', JSON.stringify({ status }));
  }

  /** The output of `kubectl describe` for a job, events included. */
  async describe(name: string): Promise<string> {
    await this.#recorder.flush();
    return this.kubectl('describe', 'rj', name);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

/** A pool on the nodes with this label, whether kwok simulates them or not. */
export function poolOn(name: string, label: string, more: Partial<Pool> = {}): Pool {
  return {
    name,
    image: 'registry.example.com/framewright-worker:1',
    allocation: { type: 'DevicePlugin', resourceName },
    nodeSelector: { 'test.framewright.dev/pool': label },
    limits: { memory: '2Gi' },
    ...more,
  };
}

/** Creates a ready node without a simulated kubelet: the test writes the status of its pods. */
export async function silentNode(
  cluster: TestCluster,
  name: string,
  { pool, slots = 8 }: { readonly pool: string; readonly slots?: number },
): Promise<void> {
  const capacity = { cpu: '32', memory: '256Gi', pods: '100', [resourceName]: String(slots) };
  const now = new Date().toISOString();
  const ready = { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'ok' };
  await cluster.apply({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name, 'test.framewright.dev/pool': pool } },
    status: {
      capacity,
      allocatable: capacity,
      conditions: [{ ...ready, lastHeartbeatTime: now, lastTransitionTime: now }],
    },
  });
  // Each node is created with the taint of a node that is not ready yet.
  await cluster.run(['patch', 'node', name, '--type=merge', '-p', '{"spec":{"taints":[]}}']);
}

/** The result of a worker that succeeded; kwok copies it from the annotations of the pod. */
export const success: NonNullable<RenderJobSpec['podTemplate']> = {
  annotations: {
    'test.framewright.dev/exit-code': '0',
    'test.framewright.dev/message': JSON.stringify({
      version: 1,
      exitCode: 0,
      outputs: [{ name: 'main', kind: 'video', key: 'main.mp4', mediaType: 'video/mp4', bytes: 1000 }],
      acceleration: { backend: 'qsv-full', fallbacks: [] },
      timings: { fetchSeconds: 0, encodeSeconds: 2, verifySeconds: 0.1, totalSeconds: 2.2, speed: 12.5 },
    }),
  },
};

/** A worker that ends with an error. */
export function failure(exitCode: number, code: string, message: string): NonNullable<RenderJobSpec['podTemplate']> {
  const result = JSON.stringify({ version: 1, exitCode, error: { code, message } });
  return {
    annotations: {
      'test.framewright.dev/exit-code': String(exitCode),
      'test.framewright.dev/message': result,
    },
  };
}
