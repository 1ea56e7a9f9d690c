import type { PoolSlots } from '../../ports/stage-runner.ts';
import type { Waiting } from '../reconcile/decision.ts';
import type { QueuedJob } from './queued-job.ts';

/** What the sentence counts. */
export interface Crowd {
  /** Stages that hold a slot of the pools that the job may use. */
  readonly used: number;
  /** Waiting jobs that come first there. */
  readonly ahead: number;
}

/** Why a job waits for pools that it may use, with the numbers and with what would help. */
export function waitingFor(
  job: QueuedJob,
  pools: readonly PoolSlots[],
  fits: readonly PoolSlots[],
  { used, ahead }: Crowd,
): Waiting {
  const slots = fits.reduce((sum, pool) => sum + pool.slots, 0);
  const gpu = fits.every((pool) => pool.gpu === true);
  const where = `pool ${namesOf(fits, ' or ')}`;
  if (slots === 0) {
    const why = reasonsOf(fits);
    const what = gpu ? `a usable GPU node in ${where}` : `a slot in ${where}`;
    const message = `Waiting for ${what}: ${why}${helpWithoutNodes(job, pools)}.`;
    return { admitted: false, reason: gpu ? 'WaitingForGpu' : 'WaitingForSlot', message };
  }
  const kind = gpu ? 'GPU slot' : 'slot';
  const line = ahead === 0 ? 'next in line' : `${ahead} ${ahead === 1 ? 'job' : 'jobs'} ahead`;
  const help = `more ${gpu ? 'GPU nodes' : 'slots'} or a higher spec.priority would help`;
  const message = `Waiting for a free ${kind} in ${where}: ${Math.min(used, slots)} of ${slots} in use, ${line}; ${help}.`;
  return { admitted: false, reason: 'WaitingForSlot', message, ahead };
}

/** Why no pool is one that the job may use. */
export function noPoolFor({ pool, acceleration }: QueuedJob, pools: readonly PoolSlots[]): Waiting {
  const all = namesOf(pools) || 'none';
  if (pool !== undefined && !pools.some((known) => known.pool === pool)) {
    const message = `spec.pool is ${pool}, and there is no such pool; there are: ${all}.`;
    return { admitted: false, reason: 'NoSuchPool', message };
  }
  const withGpu = namesOf(pools.filter(({ gpu }) => gpu !== false));
  const which = pool === undefined ? `no pool has GPUs (pools: ${all})` : `pool ${pool} has no GPUs`;
  const help = withGpu === '' ? 'acceleration: Preferred would render without one' : `pools with GPUs: ${withGpu}`;
  return {
    admitted: false,
    reason: 'WaitingForGpu',
    message: `acceleration is ${acceleration} and ${which}; ${help}.`,
  };
}

export function queueNotConfigured(queue: string): Waiting {
  const message = `spec.queue is ${queue}, and this operator is not configured for Kueue; remove spec.queue, or give the operator FRAMEWRIGHT_KUEUE=on.`;
  return { admitted: false, reason: 'QueueNotConfigured', message };
}

function reasonsOf(pools: readonly PoolSlots[]): string {
  const said = pools.flatMap(({ pool, why }) =>
    why === undefined ? [] : [pools.length === 1 ? why : `${pool}: ${why}`],
  );
  return said.join('; ') || 'there are none now';
}

function helpWithoutNodes({ pool, acceleration }: QueuedJob, pools: readonly PoolSlots[]): string {
  const others = pools.filter((other) => other.pool !== pool && other.slots > 0 && other.gpu !== true);
  if (others.length === 0) return '';
  if (acceleration === 'Required') return `; acceleration: Preferred would render on pool ${namesOf(others)} meanwhile`;
  return pool === undefined ? '' : `; without spec.pool it could go to pool ${namesOf(others)}`;
}

function namesOf(pools: readonly PoolSlots[], between = ', '): string {
  return pools.map(({ pool }) => pool).join(between);
}
