import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { type ApiObject, isApiObject, keyOfObject } from '../../../src/adapters/kubernetes/client/api-object.ts';
import type { Transport } from '../../../src/adapters/kubernetes/client/transport.ts';
import { Reflector } from '../../../src/adapters/kubernetes/client/watch/reflector.ts';
import { gpuNode } from '../gpu-node.ts';
import { ContainerProcess } from './container-process.ts';
import { startLogServer } from './log-server.ts';

export interface ProcessKubeletOptions {
  readonly node: string;
  readonly gpuSlots: number;
  /** Runs instead of every image. */
  readonly command: readonly [string, ...string[]];
  /** For the process, beside the environment of the container. */
  readonly environment?: Readonly<Record<string, string>>;
  /** The API server checks no certificate of a kubelet, but it wants one. */
  readonly certificate: { readonly cert: string; readonly key: string };
}

interface Pod extends ApiObject {
  readonly container: string;
  readonly image: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly graceSeconds: number;
}

const PodParts = z.object({
  metadata: z.object({ deletionGracePeriodSeconds: z.number().optional() }),
  spec: z.object({
    terminationGracePeriodSeconds: z.number().default(30),
    containers: z.array(
      z.object({
        name: z.string(),
        image: z.string(),
        env: z.array(z.object({ name: z.string(), value: z.string().default('') })).default([]),
      }),
    ),
  }),
});

const heartbeatMs = 8_000;
const statusPatch = { method: 'PATCH' as const, contentType: 'application/strategic-merge-patch+json' };

/**
 * A node whose pods are processes of this machine: it starts them with the environment of their one container, ends them
 * as the kubelet does (SIGTERM, grace, SIGKILL), says their state with the termination message, and serves their logs.
 */
export class ProcessKubelet implements AsyncDisposable {
  readonly #transport: Transport;
  readonly #options: ProcessKubeletOptions;
  readonly #folder: string;
  readonly #stop = new AbortController();
  readonly #containers = new Map<string, ContainerProcess>();
  /** By key, since logs are asked for by name. */
  readonly #byName = new Map<string, ContainerProcess>();
  readonly #work: Promise<unknown>[] = [];
  readonly #stack = new AsyncDisposableStack();

  private constructor(transport: Transport, options: ProcessKubeletOptions, folder: string) {
    this.#transport = transport;
    this.#options = options;
    this.#folder = folder;
  }

  static async start(transport: Transport, options: ProcessKubeletOptions): Promise<ProcessKubelet> {
    const folder = await mkdtemp(join(tmpdir(), 'framewright-kubelet-'));
    const kubelet = new ProcessKubelet(transport, options, folder);
    kubelet.#stack.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
    const { server, port } = await startLogServer(options.certificate, (pod) => kubelet.#byName.get(pod));
    kubelet.#stack.defer(() => {
      server.closeAllConnections();
      server.close();
    });
    await kubelet.#register(port);
    kubelet.#work.push(kubelet.#beat(), kubelet.#follow());
    return kubelet;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    for (const container of this.#containers.values()) container.kill();
    await Promise.allSettled(this.#work);
    await this.#stack.disposeAsync();
  }

  async #register(port: number): Promise<void> {
    const { node, gpuSlots } = this.#options;
    const { status, ...object } = gpuNode(node, { slots: gpuSlots });
    const metadata = { ...object.metadata, annotations: {} };
    await this.#transport.request({ method: 'POST', path: '/api/v1/nodes', body: { ...object, metadata } });
    const addresses = [{ type: 'InternalIP', address: '127.0.0.1' }];
    const daemonEndpoints = { kubeletEndpoint: { Port: port } };
    await this.#patchNode({ ...status, addresses, daemonEndpoints, conditions: [this.#ready()] });
    // Put there by admission until a node is known to be ready.
    const spec = { taints: [] };
    await this.#transport.request({
      method: 'PATCH',
      path: `/api/v1/nodes/${node}`,
      contentType: 'application/merge-patch+json',
      body: { spec },
    });
  }

  #ready(): object {
    const now = new Date().toISOString();
    return { type: 'Ready', status: 'True', reason: 'KubeletReady', lastHeartbeatTime: now, lastTransitionTime: now };
  }

  async #patchNode(status: object): Promise<void> {
    await this.#transport.request({
      ...statusPatch,
      path: `/api/v1/nodes/${this.#options.node}/status`,
      body: { status },
    });
  }

  async #beat(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await sleep(heartbeatMs, undefined, { signal: this.#stop.signal }).catch(() => undefined);
      if (!this.#stop.signal.aborted) await this.#patchNode({ conditions: [this.#ready()] }).catch(() => undefined);
    }
  }

  #follow(): Promise<void> {
    const reflector = new Reflector<Pod>(this.#transport, {
      path: '/api/v1/pods',
      fieldSelector: `spec.nodeName=${this.#options.node}`,
      accept: acceptPod,
      onChange: (change) => {
        const task = change.type === 'removed' ? this.#removed(change.object) : this.#see(change.object);
        this.#work.push(task.catch(() => undefined));
      },
    });
    return reflector.run(this.#stop.signal);
  }

  async #see(pod: Pod): Promise<void> {
    const known = this.#containers.get(pod.metadata.uid);
    if (pod.metadata.deletionTimestamp === undefined) {
      if (known === undefined) await this.#run(pod);
      return;
    }
    if (known === undefined || known.exited) await this.#release(pod);
    else known.stop(pod.graceSeconds);
  }

  async #run(pod: Pod): Promise<void> {
    const { command, environment } = this.#options;
    const env = { PATH: process.env['PATH'] ?? '', ...environment, ...pod.environment };
    const container = new ContainerProcess(command, env, join(this.#folder, pod.metadata.uid));
    this.#containers.set(pod.metadata.uid, container);
    this.#byName.set(keyOfObject(pod), container);
    await this.#say(pod, 'Running', { running: { startedAt: container.startedAt } }, container.startedAt);
    const { exitCode, ...end } = await container.ended;
    if (this.#stop.signal.aborted) return;
    const reason = exitCode === 0 ? 'Completed' : 'Error';
    const phase = exitCode === 0 ? 'Succeeded' : 'Failed';
    await this.#say(pod, phase, { terminated: { exitCode, reason, ...end } }, container.startedAt);
    const now: unknown = await this.#transport.request({ path: pathOf(pod) }).catch(() => undefined);
    if (isApiObject(now) && now.metadata.deletionTimestamp !== undefined) await this.#release(pod);
  }

  async #say(pod: Pod, phase: string, state: object, startTime: string): Promise<void> {
    const running = phase === 'Running';
    const containerStatuses = [
      { name: pod.container, image: pod.image, imageID: '', ready: running, started: running, restartCount: 0, state },
    ];
    const conditions = [
      { type: 'Ready', status: running ? 'True' : 'False', lastTransitionTime: new Date().toISOString() },
    ];
    const body = { metadata: { uid: pod.metadata.uid }, status: { phase, startTime, conditions, containerStatuses } };
    await this.#transport.request({ ...statusPatch, path: `${pathOf(pod)}/status`, body });
  }

  /** The last word of the kubelet: nothing of the pod runs any more. */
  async #release(pod: Pod): Promise<void> {
    const body = { gracePeriodSeconds: 0, preconditions: { uid: pod.metadata.uid } };
    await this.#transport.request({ method: 'DELETE', path: pathOf(pod), body });
  }

  async #removed(pod: Pod): Promise<void> {
    this.#containers.get(pod.metadata.uid)?.kill();
    this.#containers.delete(pod.metadata.uid);
  }
}

function pathOf({ metadata: { namespace, name } }: ApiObject): string {
  return `/api/v1/namespaces/${namespace}/pods/${name}`;
}

function acceptPod(value: unknown): Pod | undefined {
  const parts = PodParts.safeParse(value);
  if (!isApiObject(value) || !parts.success) return undefined;
  const { spec, metadata } = parts.data;
  const [container] = spec.containers;
  if (container === undefined) return undefined;
  return {
    metadata: value.metadata,
    container: container.name,
    image: container.image,
    environment: Object.fromEntries(container.env.map(({ name, value: text }) => [name, text])),
    graceSeconds: metadata.deletionGracePeriodSeconds ?? spec.terminationGracePeriodSeconds,
  };
}
