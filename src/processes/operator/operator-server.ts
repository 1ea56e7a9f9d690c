import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Logger } from 'pino';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { EventRecorder } from '../../adapters/kubernetes/client/events/event-recorder.ts';
import { createRuntimeMetrics } from '../../adapters/kubernetes/client/metrics.ts';
import { Transport } from '../../adapters/kubernetes/client/transport.ts';
import { KubernetesJobStore } from '../../adapters/kubernetes/jobs/kubernetes-job-store.ts';
import type { Pool } from '../../adapters/kubernetes/pools/pool.ts';
import { readPoolsFile } from '../../adapters/kubernetes/pools/pools-file.ts';
import { KubernetesStageRunner } from '../../adapters/kubernetes/stages/kubernetes-stage-runner.ts';
import type { Config } from '../../config/load-config.ts';
import { defaultPolicy, type Policy } from '../../controller/policies/policy.ts';
import { systemClock as clock } from '../../lib/system-clock.ts';
import { version } from '../../lib/version.ts';
import { manager } from '../../model/labels.ts';
import { createRenderMetrics } from '../../observability/render-metrics.ts';
import { workerEnvironment } from '../../worker-protocol/environment.ts';
import { clusterCredentials } from '../cluster/cluster-access.ts';
import { openObjectStore } from '../cluster/object-store.ts';
import { checkCluster } from '../cluster/preflight.ts';
import { openProgressBus } from '../cluster/progress-bus.ts';
import { progressEnvironment } from '../cluster/progress-environment.ts';
import { operatorRbacRules } from '../cluster/rbac-rules.ts';
import { holdsLogin, withStageEnvironment } from '../cluster/worker-environment.ts';
import { observeJobs, unhealthy, unready } from './health-checks.ts';
import { Leader } from './leader.ts';
import { createObserver } from './observer.ts';
import { sweepOrphans } from './orphan-sweep.ts';
import { startStatusServer } from './status-server.ts';

/** A running operator: it leads, or it is ready to. Disposing of it hands over to another one. */
export interface Operator extends AsyncDisposable {
  /** Where it answers `/healthz`, `/readyz` and `/metrics`. */
  readonly url: string;
  /** Rejects when it can no longer lead: then this process has to end at once. Never resolves. */
  readonly failed: Promise<never>;
}

/** A reconcile is mostly waiting for the API server. */
const concurrency = 32;

/**
 * Everything that turns RenderJobs of a cluster into Jobs. All of it is up to date before and while it does not lead.
 *
 * @throws CodedError when something that it needs is missing: settings, pools, the API server, definitions, rights
 */
export async function startOperator(config: Config, log: Logger): Promise<Operator> {
  await using started = new AsyncDisposableStack();
  const pools = await loadPools(config, log);
  const credentials = await clusterCredentials(config);
  const leaseNamespace = config.leaseNamespace ?? credentials.namespace;
  const identity = `${hostname()}_${randomUUID()}`;
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const metrics = createRuntimeMetrics(registry, new URL(credentials.server).host);
  const transport = { userAgent: `framewright-operator/${version}`, onAnswer: metrics.answered };

  // Connections of its own: renewing the lease must not wait behind other calls.
  const leaseTransport = started.use(new Transport(credentials, transport));
  const { namespace } = config;
  await checkCluster(leaseTransport, {
    server: credentials.server,
    rights: operatorRbacRules({ nodes: pools.some(({ allocation }) => allocation.type === 'DevicePlugin') }),
    namespace,
    lease: { namespace: leaseNamespace, name: config.leaseName },
    manifest: 'manifests/operator/rbac.yaml',
  });
  const objects = await openObjectStore(config);
  if (config.s3Bucket === undefined) await objects.check();
  else
    objects.check().catch((error: unknown) => log.error({ err: error }, 'the object store cannot be used at present'));
  const { bus } = started.use(await openProgressBus(config, { name: 'framewright-operator', log, registry }));

  let mayWrite = (): boolean => false;
  let installation: string | undefined;
  const work = started.use(new Transport(credentials, { ...transport, mayWrite: () => mayWrite() }));
  const onError = (error: unknown, during: string): void => log.warn({ err: error }, `failed to ${during}`);
  const scope = { onError, ...(namespace === undefined ? {} : { namespace }) };
  const policy = policyOf(config);
  const store = started.use(
    new KubernetesJobStore(work, { ...scope, clock, defaultTtlSeconds: policy.ttlSecondsAfterFinished }),
  );
  const { timeoutSlackSeconds, graceMs } = policy;
  const progressOf = await progressEnvironment(config, clock);
  const runner = started.use(
    new KubernetesStageRunner(work, {
      ...scope,
      pools,
      timeoutSlackSeconds,
      graceSeconds: graceMs / 1000,
      environmentOf: (stage) => [
        ...(progressOf?.(stage) ?? []),
        ...(installation === undefined ? [] : [{ name: workerEnvironment.installation, value: installation }]),
      ],
    }),
  );
  const recorder = new EventRecorder(work, {
    controller: manager,
    instance: identity.slice(0, 128),
    clock,
    onError: (error) => onError(error, 'write an event'),
  });
  const leader = new Leader({
    election: {
      transport: leaseTransport,
      namespace: leaseNamespace,
      name: config.leaseName,
      identity,
      leaseMs: config.leaseSeconds * 1000,
      renewDeadlineMs: config.leaseRenewSeconds * 1000,
      retryMs: config.leaseRetrySeconds * 1000,
    },
    ports: { store, runner, bus, objects, clock },
    controller: {
      policy,
      concurrency,
      observer: createObserver({ log, recorder, renders: createRenderMetrics(registry) }),
    },
    work,
    recorder,
    metrics,
    log,
    onLead: (leadership) => {
      ({ mayWrite } = leadership);
      // One that is told to look at one namespace does not know the jobs of others that it once looked at.
      installation = namespace === undefined ? leadership.leaseUid : `${leadership.leaseUid}.${namespace}`;
    },
    sweep: async (olderThan) => {
      const { outputs, removed, kept } = await sweepOrphans(objects, store, { installation, olderThan });
      if (outputs + removed > 0)
        log.info({ outputs, jobs: removed }, 'removed files of ended attempts and removed jobs');
      if (kept > 0) log.info({ jobs: kept }, 'left files of unknown jobs alone: others publish here too, or did');
      await objects.sweep(olderThan);
    },
  });
  observeJobs(registry, store);
  const vitals = { store, runner, stats: () => leader.stats, synced: () => leader.synced };
  const server = started.use(
    await startStatusServer(
      { host: config.metricsHost, port: config.metricsPort },
      { registry, unhealthy: () => unhealthy(vitals), unready: () => unready(vitals) },
    ),
  );
  leader.start(Promise.all([store.whenSynced(), runner.slots()]));
  started.defer(() => leader.stop());

  const owned = started.move();
  return { url: server.url, failed: leader.failed, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function loadPools(config: Config, log: Logger): Promise<readonly Pool[]> {
  const { poolsFile, natsUrl } = config;
  if (poolsFile === undefined) throw new Error('Expected a file of pools, got none');
  if (natsUrl !== undefined && holdsLogin(natsUrl)) {
    log.warn(
      'FRAMEWRIGHT_NATS_URL holds a login and is not passed on to workers: give them theirs in the pool, from a Secret',
    );
  }
  return withStageEnvironment(await readPoolsFile(poolsFile), config);
}

/** In a cluster another attempt can land elsewhere, and a start takes long enough to have the next stage waiting. */
function policyOf({ timeoutSeconds, stallSeconds, ttlSeconds, lookAhead, kueue, ...limits }: Config): Policy {
  const { cannotStartSeconds, startSeconds, unschedulableSeconds, nodeSilenceSeconds, cleanUpSeconds } = limits;
  return {
    ...defaultPolicy,
    timeoutSeconds,
    stallSeconds,
    ttlSecondsAfterFinished: ttlSeconds,
    otherNodes: true,
    lookAhead,
    kueue,
    cannotStartSeconds,
    startSeconds,
    unschedulableSeconds,
    nodeSilenceSeconds,
    cleanUpSeconds,
  };
}
