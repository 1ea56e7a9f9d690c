import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { request } from 'undici';
import { kubeconfigCredentials } from '../../../src/adapters/kubernetes/client/kubeconfig.ts';
import { runTool } from '../run-tool.ts';
import type { BenchCluster } from './bench-cluster.ts';
import { namespace, pool } from './bodies.ts';
import { startServer } from './server-child.ts';

const build = fileURLToPath(new URL('../../../scripts/build.ts', import.meta.url));

/** `framewright operator` as it is shipped, in a process of its own. */
export interface OperatorProcess extends AsyncDisposable {
  readonly pid: number;
  /** When the process was started, in Unix milliseconds. */
  readonly startedAt: number;
  /** From then until it led and all its caches were full, in seconds. */
  readonly syncedSeconds: number;
  /** Its calls of the API server so far, by method and status. */
  readonly calls: () => Promise<Readonly<Record<string, number>>>;
}

export interface OperatorProcessOptions {
  /** Where it may keep files. */
  readonly folder: string;
  /** Stages in parallel; as many as there are jobs when absent. */
  readonly slots?: number;
  /** On each pod, for kwok. */
  readonly annotations?: Readonly<Record<string, string>>;
  readonly natsUrl?: string;
  /** Of Node, such as --cpu-prof. */
  readonly nodeArguments?: readonly string[];
}

/** Builds the program as it is shipped, which the processes then run. */
export async function buildOperator(): Promise<void> {
  await runTool(process.execPath, [build]);
}

/** Starts it and waits until it leads and is in step with the API server. */
export async function startOperator(
  cluster: BenchCluster,
  { folder, slots, annotations, natsUrl, nodeArguments = [] }: OperatorProcessOptions,
): Promise<OperatorProcess> {
  const env = {
    ...(await clusterEnvironment(cluster, { folder, slots, annotations, natsUrl })),
    FRAMEWRIGHT_METRICS_HOST: '127.0.0.1',
    FRAMEWRIGHT_METRICS_PORT: '0',
    FRAMEWRIGHT_LOOK_AHEAD: '0',
  };
  await using starting = new AsyncDisposableStack();
  const startedAt = Date.now();
  const child = starting.use(startServer('operator', { env, folder, nodeArguments }));
  const metrics = async (): Promise<string> => {
    const url = child.url();
    return url === undefined ? '' : (await request(`${url}/metrics`)).body.text();
  };
  while (!/^leader_election_master_status\{.*\} 1$/m.test(await metrics().catch(() => ''))) {
    if (!child.running() || Date.now() - startedAt > 120_000) {
      throw new Error(`Expected the operator to lead within two minutes, it said:\n${child.output()}`);
    }
    await sleep(20);
  }
  const syncedSeconds = (Date.now() - startedAt) / 1000;
  const started = starting.move();
  return {
    pid: child.pid,
    startedAt,
    syncedSeconds,
    calls: async () => callsOf(await metrics()),
    [Symbol.asyncDispose]: async () => {
      await started.disposeAsync();
      const errors = child
        .output()
        .split('\n')
        .filter((line) => line.startsWith('{'));
      if (errors.length > 0) process.stderr.write(`the operator said: ${errors.slice(0, 3).join('\n')}\n`);
    },
  };
}
/** The environment of both programs of a cluster. */
export async function clusterEnvironment(
  cluster: BenchCluster,
  {
    folder,
    slots = pool.maxConcurrent,
    annotations = {},
    natsUrl,
  }: { folder: string; slots?: number | undefined; annotations?: object | undefined; natsUrl?: string | undefined },
): Promise<NodeJS.ProcessEnv> {
  const pools = join(folder, 'pools.yaml');
  await writeFile(pools, JSON.stringify([{ ...pool, maxConcurrent: slots, annotations }]));
  const objects = join(folder, 'objects');
  await mkdir(objects, { recursive: true });
  return {
    PATH: process.env['PATH'],
    // As in manifests/operator.
    MALLOC_ARENA_MAX: '1',
    ...(await inPod(cluster, join(folder, 'serviceaccount'))),
    FRAMEWRIGHT_POOLS_FILE: pools,
    FRAMEWRIGHT_OBJECTS_DIR: objects,
    FRAMEWRIGHT_LOG_LEVEL: 'error',
    ...(natsUrl === undefined ? {} : { FRAMEWRIGHT_NATS_URL: natsUrl }),
  };
}

function callsOf(metrics: string): Record<string, number> {
  const calls: Record<string, number> = {};
  for (const [, labels = '', count] of metrics.matchAll(/^rest_client_requests_total\{(.*)\} (\d+)$/gm)) {
    const label = (name: string): string => new RegExp(`${name}="([^"]*)"`).exec(labels)?.[1] ?? '';
    calls[`${label('method')} ${label('code')}`] = Number(count);
  }
  return calls;
}

/** What the kubelet gives a pod. A kubeconfig would be read by a library that takes 90 MB. */
async function inPod({ plane }: BenchCluster, folder: string): Promise<Record<string, string>> {
  const { tls, headers } = await (await kubeconfigCredentials(plane.kubeconfig)).load();
  await mkdir(folder, { recursive: true });
  const token = Object.entries(headers).find(([name]) => name.toLowerCase() === 'authorization')?.[1] ?? '';
  await writeFile(join(folder, 'token'), token.replace(/^Bearer /, ''), { mode: 0o600 });
  await writeFile(join(folder, 'ca.crt'), tls.ca ?? '');
  await writeFile(join(folder, 'namespace'), namespace);
  const { hostname, port } = new URL(plane.server);
  return { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port, FRAMEWRIGHT_SERVICE_ACCOUNT_DIR: folder };
}
