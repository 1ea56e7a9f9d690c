import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Logger } from 'pino';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { EventRecorder } from '../../adapters/kubernetes/client/events/event-recorder.ts';
import type { Leadership } from '../../adapters/kubernetes/client/lease/leader-election.ts';
import type { Transport } from '../../adapters/kubernetes/client/transport.ts';
import { KubernetesJobStore } from '../../adapters/kubernetes/jobs/kubernetes-job-store.ts';
import type { EnvironmentVariable, Pool } from '../../adapters/kubernetes/pools/pool.ts';
import { KubernetesStageRunner } from '../../adapters/kubernetes/stages/kubernetes-stage-runner.ts';
import type { OpenedStore } from '../../adapters/object-store/open-store.ts';
import type { Config } from '../../config/load-config.ts';
import type { Policy } from '../../controller/policies/policy.ts';
import { untilAborted } from '../../lib/abort.ts';
import { omitUndefined } from '../../lib/omit-undefined.ts';
import { systemClock as clock } from '../../lib/system-clock.ts';
import { manager } from '../../model/labels.ts';
import { createRenderMetrics } from '../../observability/render-metrics.ts';
import type { ProgressBus } from '../../ports/progress-bus.ts';
import { workerEnvironment } from '../../worker-protocol/environment.ts';
import { accessCluster, type ClusterAccess } from '../cluster/cluster-access.ts';
import { openObjectStore } from '../cluster/object-store.ts';
import { needsNodes, readPools } from '../cluster/pools.ts';
import { checkCluster } from '../cluster/preflight.ts';
import { openProgressBus } from '../cluster/progress-bus.ts';
import { progressEnvironment } from '../cluster/progress-environment.ts';
import { operatorRbacRules } from '../cluster/rbac-rules.ts';
import { hasLogin, withStageEnvironment } from '../cluster/worker-environment.ts';
import { clusterPolicyOf } from '../job-policy.ts';
import type { RunningServer } from '../run-server.ts';
import { observeJobs, unhealthy, unready } from './health-checks.ts';
import { Leader } from './leader.ts';
import { createObserver } from './observer.ts';
import { sweepOrphanedFiles } from './orphan-sweep.ts';
import { startStatusServer } from './status-server.ts';

/** A reconcile mostly waits for the API server. */
const concurrency = 32;

/**
 * Everything that turns RenderJobs of a cluster into Jobs. All of it is up to date before and while it does not lead.
 * Disposing of it hands over to another operator. Rejects with the signal's reason as soon as that is aborted.
 *
 * @throws CodedError when something that it needs is missing: settings, pools, the API server, definitions, RBAC rules
 */
export async function startOperator(config: Config, log: Logger, signal: AbortSignal): Promise<RunningServer> {
  await using started = new AsyncDisposableStack();
  const pools = await loadPools(config, log);
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const access = await untilAborted(accessCluster(config, { component: 'framewright-operator', registry }), signal);
  // Connections of its own: renewing the lease must not wait behind other calls.
  const leaseTransport = started.use(access.openTransport());
  const { namespace } = config.cluster;
  const preflight = {
    server: access.server,
    rules: operatorRbacRules({ nodes: needsNodes(pools) }),
    namespace,
    lease: access.lease,
    manifest: 'manifests/operator/rbac.yaml',
  };
  await untilAborted(checkCluster(leaseTransport, preflight), signal);
  const objects = await untilAborted(openObjectStore(config, log), signal);
  const { bus } = started.use(await openProgressBus(config.nats, { name: 'framewright-operator', log, registry }));

  const term = new LeadershipTerm(namespace);
  const work = started.use(access.openTransport({ mayWrite: () => term.mayWrite() }));
  const policy = clusterPolicyOf(config);
  const progressOf = await untilAborted(progressEnvironment(config.nats, clock), signal);
  const environmentOf: StageEnvironment = (stage) => [...(progressOf?.(stage) ?? []), ...term.environment()];
  const reconciled = openReconciled(started, { work, namespace, pools, policy, environmentOf, log });
  const leader = createLeader(
    { config, access, leaseTransport, work, term, policy, registry, log },
    {
      ...reconciled,
      bus,
      objects,
    },
  );
  const server = await startStatus(started, { config, registry, leader, ...reconciled });
  signal.throwIfAborted();
  leader.start(Promise.all([reconciled.store.whenSynced(), reconciled.runner.slots()]));
  started.defer(() => leader.stop());
  const owned = started.move();
  return { url: server.url, failed: leader.failed, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function loadPools(config: Config, log: Logger): Promise<readonly Pool[]> {
  const { url } = config.nats;
  if (url !== undefined && hasLogin(url)) {
    log.warn(
      'FRAMEWRIGHT_NATS_URL contains a login and is not passed on to workers: set theirs in the pool, from a Secret',
    );
  }
  return withStageEnvironment(await readPools(config.cluster), config);
}

type StageEnvironment = ConstructorParameters<typeof KubernetesStageRunner>[1]['environmentOf'] & {};

/** What this process may do while it leads, and under which name its workers publish. */
class LeadershipTerm {
  readonly #namespace: string | undefined;
  #leadership: Leadership | undefined;

  constructor(namespace: string | undefined) {
    this.#namespace = namespace;
  }

  begin(leadership: Leadership): void {
    this.#leadership = leadership;
  }

  mayWrite(): boolean {
    return this.#leadership?.mayWrite() ?? false;
  }

  /**
   * Undefined before the first term. An operator of one namespace has a name of its own: it cannot see the jobs of the
   * other namespaces that an earlier configuration may have covered.
   */
  get installation(): string | undefined {
    if (this.#leadership === undefined) return undefined;
    const { leaseUid } = this.#leadership;
    return this.#namespace === undefined ? leaseUid : `${leaseUid}.${this.#namespace}`;
  }

  environment(): readonly EnvironmentVariable[] {
    const { installation } = this;
    return installation === undefined ? [] : [{ name: workerEnvironment.installation, value: installation }];
  }
}

interface Reconciled {
  readonly store: KubernetesJobStore;
  readonly runner: KubernetesStageRunner;
}

function openReconciled(
  started: AsyncDisposableStack,
  {
    work,
    namespace,
    pools,
    policy,
    environmentOf,
    log,
  }: {
    readonly work: Transport;
    readonly namespace: string | undefined;
    readonly pools: readonly Pool[];
    readonly policy: Policy;
    readonly environmentOf: StageEnvironment;
    readonly log: Logger;
  },
): Reconciled {
  const onError = (error: unknown, during: string): void => log.warn({ err: error }, `failed to ${during}`);
  const scope = { onError, ...omitUndefined({ namespace }) };
  const { timeoutSlackSeconds, graceMs, ttlSecondsAfterFinished: defaultTtlSeconds } = policy;
  const options = { ...scope, pools, timeoutSlackSeconds, graceSeconds: graceMs / 1000, environmentOf };
  return {
    store: started.use(new KubernetesJobStore(work, { ...scope, clock, defaultTtlSeconds })),
    runner: started.use(new KubernetesStageRunner(work, options)),
  };
}

interface LeaderParts {
  readonly config: Pick<Config, 'lease'>;
  readonly access: ClusterAccess;
  readonly leaseTransport: Transport;
  readonly work: Transport;
  readonly term: LeadershipTerm;
  readonly policy: Policy;
  readonly registry: Registry;
  readonly log: Logger;
}

function createLeader(
  { config: { lease }, access, leaseTransport, work, term, policy, registry, log }: LeaderParts,
  { store, runner, bus, objects }: Reconciled & { readonly bus: ProgressBus; readonly objects: OpenedStore },
): Leader {
  const identity = `${hostname()}_${randomUUID()}`;
  const recorder = new EventRecorder(work, {
    controller: manager,
    instance: identity.slice(0, 128),
    clock,
    onError: (error) => log.warn({ err: error }, 'failed to write an event'),
  });
  const observer = createObserver({ log, recorder, renders: createRenderMetrics(registry) });
  return new Leader({
    election: {
      transport: leaseTransport,
      ...access.lease,
      identity,
      leaseMs: lease.seconds * 1000,
      renewDeadlineMs: lease.renewSeconds * 1000,
      retryMs: lease.retrySeconds * 1000,
    },
    ports: { store, runner, bus, objects, clock },
    controller: { policy, concurrency, observer },
    work,
    recorder,
    metrics: access.metrics,
    log,
    onLead: (leadership) => term.begin(leadership),
    sweep: (olderThan) => sweepObjects({ objects, store, term, log }, olderThan),
  });
}

/** Removes orphaned outputs and abandoned uploads. */
async function sweepObjects(
  {
    objects,
    store,
    term,
    log,
  }: {
    readonly objects: OpenedStore;
    readonly store: KubernetesJobStore;
    readonly term: LeadershipTerm;
    readonly log: Logger;
  },
  olderThan: number,
): Promise<void> {
  const { installation } = term;
  const { outputs, removed, kept } = await sweepOrphanedFiles(objects, store, { installation, olderThan });
  if (outputs + removed > 0) log.info({ outputs, jobs: removed }, 'removed files of ended attempts and removed jobs');
  if (kept > 0) log.info({ jobs: kept }, 'kept files of unknown jobs: other installations publish here, or did');
  await objects.sweep(olderThan);
}

async function startStatus(
  started: AsyncDisposableStack,
  {
    config: { metrics },
    registry,
    leader,
    store,
    runner,
  }: Reconciled & {
    readonly config: Pick<Config, 'metrics'>;
    readonly registry: Registry;
    readonly leader: Leader;
  },
): Promise<{ readonly url: string }> {
  observeJobs(registry, store);
  const sources = { store, runner, stats: () => leader.stats, synced: () => leader.synced };
  const status = { registry, unhealthy: () => unhealthy(sources), unready: () => unready(sources) };
  return started.use(await startStatusServer(metrics, status));
}
