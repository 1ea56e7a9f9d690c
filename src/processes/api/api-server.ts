import type { Logger } from 'pino';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { createRuntimeMetrics } from '../../adapters/kubernetes/client/metrics.ts';
import { Transport } from '../../adapters/kubernetes/client/transport.ts';
import { KubernetesJobStore } from '../../adapters/kubernetes/jobs/kubernetes-job-store.ts';
import { WatchedKeyStore } from '../../adapters/kubernetes/keys/watched-key-store.ts';
import { ClusterCapacity } from '../../adapters/kubernetes/pools/cluster-capacity.ts';
import { readPoolsFile } from '../../adapters/kubernetes/pools/pools-file.ts';
import { StageLogReader } from '../../adapters/kubernetes/stages/stage-log-reader.ts';
import { ObjectAssetIndex } from '../../adapters/object-store/object-asset-index.ts';
import { clusterPlan } from '../../api/native/cluster-plan.ts';
import type { ApiServices } from '../../api/services.ts';
import type { Config } from '../../config/load-config.ts';
import { systemClock as clock } from '../../lib/system-clock.ts';
import { version } from '../../lib/version.ts';
import { isTerminal, phases } from '../../model/status/lifecycle.ts';
import type { HealthFacts } from '../../observability/health.ts';
import type { JobStore } from '../../ports/job-store.ts';
import { workerEnvironment } from '../../worker-protocol/environment.ts';
import { clusterCredentials } from '../cluster/cluster-access.ts';
import { openObjectStore } from '../cluster/object-store.ts';
import { checkCluster } from '../cluster/preflight.ts';
import { type OpenedBus, openProgressBus } from '../cluster/progress-bus.ts';
import { apiRbacRules } from '../cluster/rbac-rules.ts';
import { configuredServer, listen, planner, sourceCheck } from '../http-server.ts';
import { bucketCheck, clusterFeatures, s3Access } from './bucket-policy.ts';

/** A running API of a cluster. Disposing of it lets transfers end, then closes everything. */
export interface ClusterApi extends AsyncDisposable {
  /** For example http://10.0.0.7:8080. */
  readonly url: string;
}

/** Without a byte from the API server for this long, what is in memory is not trusted; a quiet watch has one a minute. */
const staleMs = 180_000;

/** No upload lasts this long. */
const abandonedMs = 24 * 3600 * 1000;

/** How long the first state of the cluster may take before that is said in the log. */
const slowStartMs = 30_000;

const unfinished = phases.filter((phase) => !isTerminal(phase));

/**
 * The REST API on RenderJobs of a cluster: any number of these serve side by side. Rejects with a CodedError when the
 * cluster, the definitions, the rights or the object store are not as needed, or the address cannot be listened on.
 */
export async function startClusterApi(config: Config, log: Logger): Promise<ClusterApi> {
  await using started = new AsyncDisposableStack();
  const credentials = await clusterCredentials(config);
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const { answered } = createRuntimeMetrics(registry, new URL(credentials.server).host);
  const transport = started.use(
    new Transport(credentials, { userAgent: `framewright-api/${version}`, onAnswer: answered }),
  );
  const pools = await readPoolsFile(config.poolsFile ?? '');
  const keysNamespace = config.keysNamespace ?? credentials.namespace;
  const lease = { namespace: config.leaseNamespace ?? credentials.namespace, name: config.leaseName };
  await checkCluster(transport, {
    server: credentials.server,
    rights: apiRbacRules({ nodes: pools.some(({ allocation }) => allocation.type === 'DevicePlugin') }),
    namespace: config.namespace,
    lease,
    keysNamespace,
    manifest: 'manifests/operator/rbac-api.yaml',
  });
  const objects = await openObjectStore(config);
  if (config.s3Bucket === undefined) await objects.check();
  else
    objects.check().catch((error: unknown) => log.error({ err: error }, 'the object store cannot be used at present'));
  // Uploads that an earlier process on this machine did not end.
  objects
    .sweep(clock.now() - abandonedMs)
    .catch((error: unknown) => log.warn({ err: error }, 'failed to remove unfinished uploads'));

  const onError = (error: unknown, during: string): void => log.warn({ err: error }, `failed to ${during}`);
  const store = started.use(
    new KubernetesJobStore(transport, {
      clock,
      defaultTtlSeconds: config.ttlSeconds,
      ...(config.namespace === undefined ? {} : { namespace: config.namespace }),
      onError,
    }),
  );
  const keys = started.use(new WatchedKeyStore(transport, { namespace: keysNamespace, onError }));
  const bus = started.use(await openProgressBus(config, { name: 'framewright-api', log, registry }));
  const capacity = new ClusterCapacity(transport, { pools, lease, now: () => clock.now() });
  // Nothing is listed, and nobody refused, out of what is only half known.
  await whenKnown(Promise.all([store.whenSynced(), keys.whenSynced()]), log);

  const services: ApiServices = {
    store,
    runner: new StageLogReader(transport, { clock }),
    bus: bus.bus,
    objects,
    keys,
    assets: new ObjectAssetIndex({ objects, clock }),
    clock,
    plan: clusterPlan(
      planner(config, {
        store: objects,
        s3: s3Access(config),
        clock,
        hidden: config.objectsDir === undefined ? [] : [[config.objectsDir, `$${workerEnvironment.objectsDir}`]],
      }),
    ),
    checkSource: sourceCheck(config),
    checkBuckets: bucketCheck(config),
    features: clusterFeatures(config),
    health: () => healthOf(config, { store, bus, capacity }),
  };
  const server = configuredServer(config, services, { logger: log, registry });
  started.defer(() => server.close());
  const url = await listen(server, config);
  const owned = started.move();
  return { url, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function whenKnown(known: Promise<unknown>, log: Logger): Promise<void> {
  const slow = setTimeout(() => log.warn('still waiting for the first list of RenderJobs and API keys'), slowStartMs);
  await known;
  clearTimeout(slow);
}

async function healthOf(
  { expectQsv }: Config,
  { store, bus, capacity }: { store: JobStore; bus: OpenedBus; capacity: ClusterCapacity },
): Promise<HealthFacts> {
  const { synced, lastContactMs } = store.health();
  const storeOk = synced && lastContactMs < staleMs;
  const [found, busyWorkers, queued] = await Promise.all([
    capacity.get().catch(() => undefined),
    store.count({ phases: ['Running'] }),
    store.count({ phases: unfinished }),
  ]);
  const pools = found?.pools ?? [];
  const workers = pools.reduce((sum, { slots }) => sum + slots, 0);
  return {
    storeOk,
    qsv: pools.some(({ gpu, slots }) => gpu === true && slots > 0),
    qsvExpected: expectQsv === 'always' || (expectQsv === 'auto' && pools.some(({ gpu }) => gpu === true)),
    // What could not be looked up is not taken for gone: the API server is named as the cause instead.
    canRun: found === undefined || workers > 0,
    workers,
    busyWorkers,
    maxWorkers: workers,
    queued,
    kubernetes: found !== undefined,
    ...(found === undefined ? {} : { operator: found.led }),
    ...(bus.connected === undefined ? {} : { nats: bus.connected() }),
  };
}
