import type { PoolSlots } from '../../../ports/stage-runner.ts';
import type { CachedNode } from '../stages/stage-objects.ts';
import type { Pool } from './pool.ts';
import { toleratesAll } from './toleration.ts';

/**
 * How many stages a pool can run in parallel: the GPU slots that its nodes have allocatable now. Labels of a node do not
 * count: a device plugin that was removed leaves its labels, and 0 allocatable.
 */
export function poolSlots(pool: Pool, nodes: Iterable<CachedNode>): PoolSlots {
  const { name, allocation, maxConcurrent = Infinity } = pool;
  if (allocation.type !== 'DevicePlugin') {
    return { pool: name, slots: maxConcurrent, gpu: allocation.type === 'DRA' };
  }
  let slots = 0;
  const unusable = { 'not ready': 0, cordoned: 0, tainted: 0 };
  for (const node of nodes) {
    const slotsOfNode = isIn(pool, node) ? wholeNumber(node.allocatable[allocation.resourceName]) : 0;
    if (slotsOfNode === 0) continue;
    const why = whyUnusable(pool, node);
    if (why === undefined) slots += slotsOfNode;
    else unusable[why] += 1;
  }
  // Where the pool allows fewer stages than its nodes have slots, the scheduler queues nothing.
  const queues = slots <= maxConcurrent ? { queues: true as const } : {};
  const answer = { pool: name, slots: Math.min(slots, maxConcurrent), gpu: true, ...queues };
  return slots > 0 ? answer : { ...answer, unavailable: whyNoSlots(allocation.resourceName, unusable) };
}

function isIn({ nodeSelector = {} }: Pool, { labels }: CachedNode): boolean {
  return Object.entries(nodeSelector).every(([key, value]) => labels[key] === value);
}

function whyUnusable({ tolerations = [] }: Pool, node: CachedNode): 'not ready' | 'cordoned' | 'tainted' | undefined {
  if (!node.ready) return 'not ready';
  if (node.cordoned) return 'cordoned';
  return toleratesAll(node.taints, tolerations) ? undefined : 'tainted';
}

function whyNoSlots(
  resourceName: string,
  unusable: Readonly<Record<string, number>>,
): NonNullable<PoolSlots['unavailable']> {
  const some = Object.entries(unusable).filter(([, count]) => count > 0);
  if (some.length === 0) return { causes: ['not offered'], message: `none of its nodes offers ${resourceName}` };
  const counts = some.map(([cause, count]) => `${count} ${cause}`).join(', ');
  const message = `its nodes that offer ${resourceName} cannot be used (${counts})`;
  return { causes: some.map(([cause]) => cause), message };
}

/** Extended resources are whole numbers; Kubernetes may write thousands as `1k`. */
function wholeNumber(quantity = '0'): number {
  const [, digits = '0', thousands] = /^(\d{1,9})(k?)$/.exec(quantity) ?? [];
  return Number(digits) * (thousands === 'k' ? 1000 : 1);
}

/** Throws when two pools have one name, or the slots of a pool cannot be counted. */
export function checkPools(pools: readonly Pool[]): void {
  const names = pools.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`Expected names of pools to differ, got ${twice} twice`);
  for (const { name, allocation, maxConcurrent } of pools) {
    if (allocation.type === 'DevicePlugin' || maxConcurrent !== undefined) continue;
    throw new Error(`Expected maxConcurrent of pool ${name}: without a device plugin its slots cannot be counted`);
  }
}
