import type { PoolSlots } from '../../ports/stage-runner.ts';
import type { Waiting } from '../reconcile/decision.ts';
import type { QueuedJob } from './queued-job.ts';

/** The numbers that the message of a waiting job names. */
export interface Demand {
  /** Stages that hold a slot of the pools that the job may use. */
  readonly used: number;
  /** Queued jobs that are ahead of it there. */
  readonly ahead: number;
}

/** Why a job waits for pools that it may use, with the numbers and with what would help. */
export function waitingFor(
  job: QueuedJob,
  pools: readonly PoolSlots[],
  usable: readonly PoolSlots[],
  { used, ahead }: Demand,
): Waiting {
  const slots = usable.reduce((sum, pool) => sum + pool.slots, 0);
  const gpu = usable.every((pool) => pool.gpu === true);
  const where = `pool ${namesOf(usable, ' or ')}`;
  if (slots === 0)
    return withoutSlots(job, pools, usable, gpu ? `a usable GPU node in ${where}` : `a slot in ${where}`);
  const kind = gpu ? 'GPU slot' : 'slot';
  const position = ahead === 0 ? 'this job is next' : `${ahead} ${ahead === 1 ? 'job is' : 'jobs are'} ahead`;
  const help = `more ${gpu ? 'GPU nodes' : 'slots'} or a higher spec.priority would help`;
  const message = `Waiting for a free ${kind} in ${where}: ${Math.min(used, slots)} of ${slots} are in use and ${position}; ${help}.`;
  return { admitted: false, reason: 'WaitingForSlot', message, queuePosition: ahead };
}

function withoutSlots(
  job: QueuedJob,
  pools: readonly PoolSlots[],
  usable: readonly PoolSlots[],
  what: string,
): Waiting {
  const explanations = usable.flatMap(({ pool, unavailable }) =>
    unavailable === undefined ? [] : [usable.length === 1 ? unavailable.message : `${pool}: ${unavailable.message}`],
  );
  const alternatives = poolsWithoutGpuFor(job, pools);
  const explanation = explanations.join('; ') || 'it has none now';
  return {
    admitted: false,
    reason: usable.every(({ gpu }) => gpu === true) ? 'WaitingForGpu' : 'WaitingForSlot',
    message: `Waiting for ${what}: ${explanation}${alternativesText(job, alternatives)}.`,
    causes: [
      ...usable.flatMap(({ pool, unavailable }) => (unavailable?.causes ?? []).map((cause) => `${pool}: ${cause}`)),
      ...alternatives.map(({ pool }) => `alternative: ${pool}`),
    ],
  };
}

/** Why no pool is one that the job may use. */
export function noPoolFor({ pool, acceleration }: QueuedJob, pools: readonly PoolSlots[]): Waiting {
  const all = namesOf(pools) || 'none';
  if (pool !== undefined && !pools.some((known) => known.pool === pool)) {
    const message = `spec.pool is ${pool}, which does not exist; existing pools: ${all}.`;
    return { admitted: false, reason: 'NoSuchPool', message };
  }
  const withGpu = namesOf(pools.filter(({ gpu }) => gpu !== false));
  const which = pool === undefined ? `no pool has GPUs (pools: ${all})` : `pool ${pool} has no GPUs`;
  const help = withGpu === '' ? 'acceleration: Preferred would render without a GPU' : `pools with GPUs: ${withGpu}`;
  return {
    admitted: false,
    reason: 'WaitingForGpu',
    message: `acceleration is ${acceleration} and ${which}; ${help}.`,
  };
}

export function queueNotConfigured(queue: string): Waiting {
  const message = `spec.queue is ${queue}, and this operator is not configured for Kueue; remove spec.queue, or set FRAMEWRIGHT_KUEUE=on for the operator.`;
  return { admitted: false, reason: 'QueueNotConfigured', message };
}

/** Pools with free slots that the job could use if its spec did not exclude them. */
function poolsWithoutGpuFor({ pool, acceleration }: QueuedJob, pools: readonly PoolSlots[]): readonly PoolSlots[] {
  if (acceleration !== 'Required' && pool === undefined) return [];
  return pools.filter((other) => other.pool !== pool && other.slots > 0 && other.gpu !== true);
}

function alternativesText({ acceleration }: QueuedJob, alternatives: readonly PoolSlots[]): string {
  if (alternatives.length === 0) return '';
  const names = namesOf(alternatives);
  return acceleration === 'Required'
    ? `; acceleration: Preferred would render in pool ${names} meanwhile`
    : `; without spec.pool it could run in pool ${names}`;
}

function namesOf(pools: readonly PoolSlots[], between = ', '): string {
  return pools.map(({ pool }) => pool).join(between);
}
