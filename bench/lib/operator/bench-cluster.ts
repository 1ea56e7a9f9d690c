import { kubeconfigCredentials } from '../../../src/adapters/kubernetes/client/kubeconfig.ts';
import { Transport } from '../../../src/adapters/kubernetes/client/transport.ts';
import { applyDefinitions, type ClusterAccess } from '../../../test/cluster/cluster.ts';
import { type ControlPlane, startControlPlane } from '../../../test/cluster/control-plane/control-plane.ts';
import { setUpPrograms } from '../../../test/cluster/set-up/set-up.ts';
import { namespace } from './bodies.ts';
import { inParallel } from './in-parallel.ts';

/** A control plane of one measurement, with our definitions and an empty namespace. */
export interface BenchCluster extends AsyncDisposable {
  readonly plane: ControlPlane;
  readonly access: ClusterAccess;
  /** Of the benchmark itself, as many parallel calls as the operator. */
  readonly transport: Transport;
}

/** Parallel calls of everything that is compared. */
export const parallelCalls = 32;

/** What would make its own load out of each Job or RenderJob: not measured, so not there. */
const others = [
  'job-controller',
  'cronjob-controller',
  'garbage-collector-controller',
  'ttl-after-finished-controller',
];

/** Why the programs cannot be had, in one line. */
export async function missingPrograms(...kits: Parameters<typeof setUpPrograms>[0][]): Promise<string | undefined> {
  for (const kit of kits) {
    const { absent } = await setUpPrograms(kit);
    if (absent !== undefined) return absent;
  }
  return undefined;
}

/** @param pods whether Jobs get pods, which run: the Job controller, the scheduler and kwok */
export async function startBenchCluster({ pods = false }: { readonly pods?: boolean } = {}): Promise<BenchCluster> {
  const programs = await setUpPrograms('cluster');
  if (programs.absent !== undefined) throw new Error(`Expected the programs of a control plane: ${programs.absent}`);
  const { paths } = programs;
  await using starting = new AsyncDisposableStack();
  const plane = starting.use(await startControlPlane(paths, { pods, without: pods ? [] : others }));
  const access = { kubeconfig: plane.kubeconfig, kubectl: paths['kubectl'] ?? '', own: true };
  await applyDefinitions(access);
  const credentials = await kubeconfigCredentials(plane.kubeconfig);
  const concurrency = { initial: parallelCalls, max: parallelCalls };
  const transport = starting.use(new Transport(credentials, { userAgent: 'framewright-bench', concurrency }));
  const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } };
  await transport.request({ method: 'POST', path: '/api/v1/namespaces', body });
  const started = starting.move();
  return { plane, access, transport, [Symbol.asyncDispose]: () => started.disposeAsync() };
}

/** POSTs `count` objects, so many in parallel; `onMade` is called with each when its answer has arrived. */
export async function createAll(
  { transport }: BenchCluster,
  path: string,
  count: number,
  bodyOf: (index: number) => object,
  onMade: (index: number) => void = () => undefined,
): Promise<void> {
  await inParallel(count, parallelCalls, async (index) => {
    await transport.request({ method: 'POST', path, body: bodyOf(index), timeoutMs: 60_000 });
    onMade(index);
  });
}
