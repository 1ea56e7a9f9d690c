import type { ClusterCapacity } from '../../adapters/kubernetes/pools/cluster-capacity.ts';
import type { Config } from '../../config/load-config.ts';
import { omitUndefined } from '../../lib/omit-undefined.ts';
import { unfinishedPhases } from '../../model/status/lifecycle.ts';
import type { HealthFacts } from '../../observability/health.ts';
import type { JobStore } from '../../ports/job-store.ts';
import type { OpenedBus } from '../cluster/progress-bus.ts';

/** Without a byte from the API server for this long the cache is not trusted; a quiet watch gets one a minute. */
const staleMs = 180_000;

export interface ClusterHealthSources {
  readonly store: Pick<JobStore, 'health' | 'count'>;
  readonly bus: Pick<OpenedBus, 'connected'>;
  readonly capacity: Pick<ClusterCapacity, 'get'>;
}

/** What `/health` of an API in a cluster reports. */
export async function clusterHealth(
  expectQsv: Config['server']['expectQsv'],
  { store, bus, capacity }: ClusterHealthSources,
): Promise<HealthFacts> {
  const { synced, lastContactMs } = store.health();
  const storeOk = synced && lastContactMs < staleMs;
  const [found, busyWorkers, queued] = await Promise.all([
    capacity.get().catch(() => undefined),
    store.count({ phases: ['Running'] }),
    store.count({ phases: unfinishedPhases }),
  ]);
  const pools = found?.pools ?? [];
  const workers = pools.reduce((sum, { slots }) => sum + slots, 0);
  return {
    storeOk,
    qsv: pools.some(({ gpu, slots }) => gpu === true && slots > 0),
    qsvExpected: expectQsv === 'always' || (expectQsv === 'auto' && pools.some(({ gpu }) => gpu === true)),
    // Unknown capacity is not zero capacity: the API server is reported as the cause instead.
    canRun: found === undefined || workers > 0,
    workers,
    busyWorkers,
    maxWorkers: workers,
    queued,
    kubernetes: found !== undefined,
    ...omitUndefined({ operator: found?.led, nats: bus.connected?.() }),
  };
}
