import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { kubeconfigCredentials } from '../../src/adapters/kubernetes/client/kubeconfig.ts';
import { Transport } from '../../src/adapters/kubernetes/client/transport.ts';
import { applyDefinitions, kubectl } from '../cluster/cluster.ts';
import { startControlPlane } from '../cluster/control-plane/control-plane.ts';
import { ProcessKubelet } from '../cluster/process-kubelet/process-kubelet.ts';
import { startNatsServer } from '../cluster/services/nats-server.ts';
import { createS3Bench } from '../support/s3-harness.ts';
import { inPodOf, manifests } from '../support/service-account.ts';
import { ServerProcess } from './server-process.ts';
import type { World } from './world.ts';

const main = fileURLToPath(import.meta.resolve('../../src/main.ts'));

export interface ClusterWorld extends World {
  readonly run: (args: readonly string[], input?: string) => Promise<string>;
  /** Starts one more replica of the API. It ends with this world at the latest. */
  readonly replica: (environment?: Readonly<Record<string, string>>) => Promise<ServerProcess>;
  /** The environment of a process that runs as another ServiceAccount. */
  readonly account: (name: string) => Promise<Readonly<Record<string, string>>>;
  /** The first replica of the API, and the operator. */
  readonly api: ServerProcess;
  readonly operator: ServerProcess;
  /** Ends the API server of the cluster for good. */
  readonly killApiServer: () => void;
}

/**
 * A control plane, a nats-server, a node whose pods are worker processes, `framewright operator` and `framewright api`:
 * both with the RBAC rules of manifests/operator only. Files are in a folder, or in a bucket where there is a program
 * of an S3 server.
 */
export async function clusterWorld(
  programs: Readonly<Record<string, string>>,
  natsProgram: string,
  s3Program?: string,
): Promise<ClusterWorld> {
  await using started = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'framewright-api-world-'));
  started.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  const [plane, nats] = await Promise.all([startControlPlane(programs), startNatsServer(natsProgram)]);
  started.use(plane);
  started.use(nats);
  const access = { kubeconfig: plane.kubeconfig, kubectl: programs['kubectl'] ?? '', own: true };
  const run = (args: readonly string[], input?: string): Promise<string> => kubectl(access, args, input);
  await applyDefinitions(access);
  for (const file of ['rbac.yaml', 'rbac-api.yaml']) await run(['apply', '-f', join(manifests, file)]);

  const kubelet = started.use(
    new Transport(await kubeconfigCredentials(plane.kubeconfig), { userAgent: 'framewright-test-kubelet' }),
  );
  const objects = join(folder, 'objects');
  await mkdir(objects);
  started.use(
    await ProcessKubelet.start(kubelet, {
      node: 'box',
      gpuSlots: 0,
      command: [process.execPath, '--disable-warning=ExperimentalWarning', main, 'worker'],
      certificate: plane.certificate,
    }),
  );
  const bucket = s3Program === undefined ? undefined : started.use(await bucketOf(s3Program));
  const pools = join(folder, 'pools.yaml');
  const environment = Object.entries(bucket?.credentials ?? {}).map(([name, value]) => ({ name, value }));
  const pool = { name: 'cpu', image: 'worker', allocation: { type: 'None' }, maxConcurrent: 2, environment };
  await writeFile(pools, JSON.stringify([pool]));
  const common = {
    FRAMEWRIGHT_POOLS_FILE: pools,
    ...(bucket === undefined ? { FRAMEWRIGHT_OBJECTS_DIR: objects } : { ...bucket.settings, ...bucket.credentials }),
    FRAMEWRIGHT_NATS_URL: nats.url,
  };
  const account: ClusterWorld['account'] = async (name) => ({
    ...common,
    ...(await inPodOf(run, plane.kubeconfig, { name, folder })),
  });
  const asOperator = await account('framewright-operator');
  const asApi = await account('framewright-api');
  const serve: ClusterWorld['replica'] = (environment = {}) =>
    ServerProcess.start('api', { ...asApi, FRAMEWRIGHT_HOST: '127.0.0.1', FRAMEWRIGHT_PORT: '0', ...environment });
  const [operator, api] = await Promise.all([
    ServerProcess.start('operator', {
      ...asOperator,
      FRAMEWRIGHT_METRICS_HOST: '127.0.0.1',
      FRAMEWRIGHT_METRICS_PORT: '0',
    }).then((process) => started.use(process)),
    serve().then((process) => started.use(process)),
  ]);
  const owned = started.move();
  return {
    url: api.url,
    files: bucket?.files ?? `${api.url}/assets/`,
    keyArguments: ['--kubeconfig', plane.kubeconfig, '--keys-namespace', 'framewright'],
    takes: ['a volume'],
    run,
    replica: async (environment) => owned.use(await serve(environment)),
    account,
    api,
    operator,
    killApiServer: () => plane.programs.get('kube-apiserver')?.kill('SIGKILL'),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** A bucket of a real S3 server, and the settings with which the programs use it. */
async function bucketOf(program: string): Promise<
  AsyncDisposable & {
    readonly settings: Readonly<Record<string, string>>;
    readonly credentials: Readonly<Record<string, string>>;
    readonly files: string;
  }
> {
  const bench = await createS3Bench({ versitygw: program });
  const { endpoint, region, accessKeyId, secretAccessKey } = bench.server;
  const bucket = await bench.bucket();
  return {
    settings: {
      FRAMEWRIGHT_S3_BUCKET: bucket,
      FRAMEWRIGHT_S3_PREFIX: 'studio',
      FRAMEWRIGHT_S3_ENDPOINT: endpoint,
      FRAMEWRIGHT_S3_REGION: region,
      FRAMEWRIGHT_S3_FORCE_PATH_STYLE: 'on',
    },
    credentials: { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey },
    files: `${endpoint}/${bucket}/studio/`,
    [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose](),
  };
}
