import type { Logger } from 'pino';
import { collectDefaultMetrics, Registry } from 'prom-client';
import type { Transport } from '../../adapters/kubernetes/client/transport.ts';
import { KubernetesJobStore } from '../../adapters/kubernetes/jobs/kubernetes-job-store.ts';
import { WatchedKeyStore } from '../../adapters/kubernetes/keys/watched-key-store.ts';
import { ClusterCapacity } from '../../adapters/kubernetes/pools/cluster-capacity.ts';
import { StageLogReader } from '../../adapters/kubernetes/stages/stage-log-reader.ts';
import { ObjectAssetIndex } from '../../adapters/object-store/object-asset-index.ts';
import type { OpenedStore } from '../../adapters/object-store/open-store.ts';
import { clusterPlan } from '../../api/native/cluster-plan.ts';
import type { ApiServices } from '../../api/services.ts';
import type { Config } from '../../config/load-config.ts';
import { untilAborted } from '../../lib/abort.ts';
import { omitUndefined } from '../../lib/omit-undefined.ts';
import { systemClock as clock } from '../../lib/system-clock.ts';
import { workerEnvironment } from '../../worker-protocol/environment.ts';
import { accessCluster } from '../cluster/cluster-access.ts';
import { openObjectStore } from '../cluster/object-store.ts';
import { needsNodes, readPools } from '../cluster/pools.ts';
import { checkCluster } from '../cluster/preflight.ts';
import { type OpenedBus, openProgressBus } from '../cluster/progress-bus.ts';
import { apiRbacRules } from '../cluster/rbac-rules.ts';
import { configuredServer, listen } from '../http-server.ts';
import { jobPlanner } from '../job-planner.ts';
import type { RunningServer } from '../run-server.ts';
import { sourceCheck } from '../source-check.ts';
import { bucketCheck, clusterFeatures, s3Access } from './bucket-policy.ts';
import { clusterHealth } from './cluster-health.ts';

/** No upload lasts this long. */
const abandonedMs = 24 * 3600 * 1000;

/** How long the first lists of the cluster may take before a warning is logged. */
const slowStartMs = 30_000;

/**
 * The REST API on RenderJobs of a cluster: any number of these serve side by side. Disposing of it lets transfers end, then
 * closes everything. Rejects with a CodedError when the cluster, the definitions, the RBAC rules or the object store are
 * not as needed, or the address cannot be listened on; with the signal's reason as soon as that is aborted.
 */
export async function startClusterApi(config: Config, log: Logger, signal: AbortSignal): Promise<RunningServer> {
  await using started = new AsyncDisposableStack();
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const pools = await readPools(config.cluster);
  const access = await untilAborted(accessCluster(config, { component: 'framewright-api', registry }), signal);
  const keysNamespace = config.cluster.keysNamespace ?? access.ownNamespace;
  const transport = started.use(access.openTransport());
  const preflight = {
    server: access.server,
    rules: apiRbacRules({ nodes: needsNodes(pools) }),
    namespace: config.cluster.namespace,
    lease: access.lease,
    keysNamespace,
    manifest: 'manifests/operator/rbac-api.yaml',
  };
  await untilAborted(checkCluster(transport, preflight), signal);
  const objects = await untilAborted(openObjectStore(config, log), signal);
  sweepUploads(objects, log);

  const watched = openWatched(started, { config, transport, keysNamespace, log });
  const bus = started.use(await openProgressBus(config.nats, { name: 'framewright-api', log, registry }));
  await untilAborted(whenSynced(watched, log), signal);
  const capacity = new ClusterCapacity(transport, { pools, lease: access.lease, now: () => clock.now() });
  const services = apiServices(config, { ...watched, bus, capacity, objects, transport });
  const server = configuredServer(config, services, { logger: log, registry });
  started.defer(() => server.close());
  const url = await listen(server, config.server);
  signal.throwIfAborted();
  const owned = started.move();
  return { url, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** What is kept in memory by watches. */
interface Watched {
  readonly store: KubernetesJobStore;
  readonly keys: WatchedKeyStore;
}

function openWatched(
  started: AsyncDisposableStack,
  {
    config,
    transport,
    keysNamespace,
    log,
  }: {
    readonly config: Pick<Config, 'cluster' | 'jobs'>;
    readonly transport: Transport;
    readonly keysNamespace: string;
    readonly log: Logger;
  },
): Watched {
  const onError = (error: unknown, during: string): void => log.warn({ err: error }, `failed to ${during}`);
  const { namespace } = config.cluster;
  const options = { clock, defaultTtlSeconds: config.jobs.ttlSeconds, onError, ...omitUndefined({ namespace }) };
  return {
    store: started.use(new KubernetesJobStore(transport, options)),
    keys: started.use(new WatchedKeyStore(transport, { namespace: keysNamespace, onError })),
  };
}

/** Requests are answered from these caches: an incomplete one would hide jobs and reject valid keys. */
async function whenSynced({ store, keys }: Watched, log: Logger): Promise<void> {
  const slow = setTimeout(() => log.warn('still waiting for the first list of RenderJobs and API keys'), slowStartMs);
  try {
    await Promise.all([store.whenSynced(), keys.whenSynced()]);
  } finally {
    clearTimeout(slow);
  }
}

function apiServices(
  config: Config,
  {
    store,
    keys,
    bus,
    capacity,
    objects,
    transport,
  }: Watched & {
    readonly bus: OpenedBus;
    readonly capacity: ClusterCapacity;
    readonly objects: OpenedStore;
    readonly transport: Transport;
  },
): ApiServices {
  const { dir } = config.objects;
  const planner = jobPlanner(config, {
    store: objects,
    s3: s3Access(config.s3),
    clock,
    hidden: dir === undefined ? [] : [[dir, `$${workerEnvironment.objectsDir}`]],
  });
  return {
    store,
    runner: new StageLogReader(transport, { clock }),
    bus: bus.bus,
    objects,
    keys,
    assets: new ObjectAssetIndex({ objects, clock }),
    clock,
    plan: clusterPlan(planner),
    checkSource: sourceCheck(config.sources),
    checkBuckets: bucketCheck(config.s3),
    features: clusterFeatures(config.s3),
    health: () => clusterHealth(config.server.expectQsv, { store, bus, capacity }),
  };
}

/** Removes uploads that an earlier process on this machine did not end. */
function sweepUploads(objects: OpenedStore, log: Logger): void {
  objects
    .sweep(clock.now() - abandonedMs)
    .catch((error: unknown) => log.warn({ err: error }, 'failed to remove unfinished uploads'));
}
