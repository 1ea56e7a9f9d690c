import type { PoolSlots } from '../ports.ts';
import type { Pool } from './pool.ts';
import type { CachedNode } from './stage-objects.ts';

/**
 * How many stages a pool runs at once: the GPU slots that its nodes can give out now. What a label says about a node
 * does not count, only what is allocatable: a device plugin that is gone leaves the label and a zero.
 */
export function poolSlots(pool: Pool, nodes: Iterable<CachedNode>): PoolSlots {
  const { name, allocation, maxConcurrent = Infinity } = pool;
  if (allocation.type !== 'DevicePlugin') {
    return { pool: name, slots: maxConcurrent, gpu: allocation.type === 'DRA' ? 'unknown' : false };
  }
  let slots = 0;
  for (const node of nodes) if (isIn(pool, node)) slots += wholeNumber(node.allocatable[allocation.resourceName]);
  return { pool: name, slots: Math.min(slots, maxConcurrent), gpu: slots > 0 };
}

function isIn({ nodeSelector = {} }: Pool, { usable, labels }: CachedNode): boolean {
  return usable && Object.entries(nodeSelector).every(([key, value]) => labels[key] === value);
}

/** Extended resources are whole numbers; Kubernetes may write thousands as `1k`. */
function wholeNumber(quantity = '0'): number {
  const [, digits = '0', thousands] = /^(\d{1,9})(k?)$/.exec(quantity) ?? [];
  return Number(digits) * (thousands === 'k' ? 1000 : 1);
}

/** Throws when a pool says too little to count its slots. */
export function checkPools(pools: readonly Pool[]): void {
  const names = pools.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`Expected names of pools to differ, got ${twice} twice`);
  for (const { name, allocation, maxConcurrent } of pools) {
    if (allocation.type === 'DevicePlugin' || maxConcurrent !== undefined) continue;
    throw new Error(`Expected maxConcurrent of pool ${name}: without a device plugin its slots cannot be counted`);
  }
}
