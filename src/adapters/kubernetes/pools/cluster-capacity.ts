import type { PoolSlots } from '../../../ports/stage-runner.ts';
import { hasStatus, statuses } from '../client/api-error.ts';
import { listOf } from '../client/api-object.ts';
import { leasePath, readLease } from '../client/lease/lease-record.ts';
import { resourcePath } from '../client/resource-path.ts';
import type { Transport } from '../client/transport.ts';
import { acceptNode, type CachedNode } from '../stages/stage-objects.ts';
import type { Pool } from './pool.ts';
import { poolSlots } from './pool-slots.ts';

interface ClusterCapacityOptions {
  readonly pools: readonly Pool[];
  /** The Lease that the leading operator renews. */
  readonly lease: { readonly namespace: string; readonly name: string };
  /** Unix milliseconds. */
  readonly now: () => number;
  /** How long an answer is cached: health is requested often, and without a key. */
  readonly keepMs?: number;
}

interface Capacity {
  readonly pools: readonly PoolSlots[];
  /** Whether an operator leads: without a leader nothing starts. */
  readonly led: boolean;
}

/** A renewal may be older than the Lease's duration by this much before the Lease counts as expired: clocks differ. */
const clockSkewMs = 30_000;

/** What a cluster can render now, for health checks. Read on request, and cached for some seconds. */
export class ClusterCapacity {
  readonly #transport: Transport;
  readonly #options: ClusterCapacityOptions;
  #known: { readonly at: number; readonly value: Promise<Capacity> } | undefined;

  constructor(transport: Transport, options: ClusterCapacityOptions) {
    this.#transport = transport;
    this.#options = options;
  }

  /** Rejects when the API server does not answer. */
  get(): Promise<Capacity> {
    const { now, keepMs = 5000 } = this.#options;
    const at = now();
    if (this.#known !== undefined && at - this.#known.at < keepMs) return this.#known.value;
    const value = this.#read();
    const known = { at, value };
    this.#known = known;
    value.catch(() => {
      // A failure is not cached.
      if (this.#known === known) this.#known = undefined;
    });
    return value;
  }

  async #read(): Promise<Capacity> {
    const { pools } = this.#options;
    const counted = pools.some(({ allocation }) => allocation.type === 'DevicePlugin');
    const [nodes, led] = await Promise.all([counted ? this.#nodes() : [], this.#led()]);
    return { pools: pools.map((pool) => poolSlots(pool, nodes)), led };
  }

  async #nodes(): Promise<CachedNode[]> {
    // Any version that the API server has in memory is recent enough.
    const path = resourcePath({ apiVersion: 'v1', resource: 'nodes' });
    const list = await this.#transport.request({ path, query: { resourceVersion: '0' }, timeoutMs });
    return listOf(list).flatMap((item) => acceptNode(item) ?? []);
  }

  async #led(): Promise<boolean> {
    const { lease, now } = this.#options;
    const path = leasePath(lease.namespace, lease.name);
    try {
      const { holder, renewTime, durationMs } = readLease(await this.#transport.request({ path, timeoutMs }));
      return holder !== '' && now() - Date.parse(renewTime) < durationMs + clockSkewMs;
    } catch (error) {
      if (hasStatus(error, statuses.notFound)) return false;
      throw error;
    }
  }
}

/** Longest wait of a health check for an answer. */
const timeoutMs = 5000;
