import type { PoolSlots } from '../../ports/stage-runner.ts';
import type { QueuedJob } from './queued-job.ts';

/**
 * Pools that a job may start in, in the order in which they are configured. A job that can do without a GPU waits for one
 * while a node has any, and goes to pools without GPUs otherwise; a job without GPU use leaves pools with GPUs alone.
 */
export function poolsFor(
  { pool: name, acceleration }: Pick<QueuedJob, 'pool' | 'acceleration'>,
  pools: readonly PoolSlots[],
): readonly PoolSlots[] {
  if (name !== undefined) {
    return pools.filter(({ pool, gpu }) => pool === name && (acceleration !== 'Required' || gpu !== false));
  }
  const withGpu = pools.filter(({ gpu }) => gpu !== false);
  const without = pools.filter(({ gpu }) => gpu !== true);
  switch (acceleration) {
    case 'Required':
      return withGpu;
    case 'Disabled':
      return without.length > 0 ? without : pools;
    case 'Preferred': {
      const usable = withGpu.filter(({ slots }) => slots > 0);
      if (usable.length > 0) return usable;
      const others = without.filter(({ slots }) => slots > 0);
      return others.length > 0 ? others : pools;
    }
  }
}
