import type { Acceleration } from '../model/render-job.ts';
import type { PoolSlots } from '../ports.ts';
import type { Admission } from './decision.ts';
import type { Policy } from './policy.ts';

/** What admission needs to know of a waiting job. */
export interface QueuedJob {
  readonly uid: string;
  readonly owner: string;
  readonly priority: number;
  /** When it was made, in Unix milliseconds. */
  readonly createdAt: number;
  readonly pool?: string | undefined;
  readonly acceleration: Acceleration;
}

/** A job that holds a slot, or was admitted and is not yet seen to ("assumed", as in kube-scheduler). */
export interface HoldingJob {
  readonly owner: string;
  readonly pool: string;
}

type AdmissionPolicy = Pick<Policy, 'agingSeconds' | 'lookAhead'>;

/**
 * Which waiting jobs start now and in which pool, in order; for each of the others, why it waits.
 * Order: priority (raised with age, so nothing starves), then the owner with the smaller share of slots, then age.
 */
export function admit(
  queued: readonly QueuedJob[],
  holding: readonly HoldingJob[],
  pools: readonly PoolSlots[],
  now: number,
  policy: AdmissionPolicy,
): ReadonlyMap<string, Admission> {
  const verdicts = new Map<string, Admission>();
  const free = new Map(pools.map(({ pool, slots }) => [pool, slots + (slots > 0 ? policy.lookAhead : 0)]));
  const shares = new Map<string, number>();
  for (const { owner, pool } of holding) {
    free.set(pool, (free.get(pool) ?? 0) - 1);
    shares.set(owner, (shares.get(owner) ?? 0) + 1);
  }

  for (const line of inRankOrder(queued, shares, now, policy)) {
    const fits = pools
      .filter((pool) => unfitness(line.job, pool) === undefined)
      .sort((a, b) => preference(line.job, b) - preference(line.job, a));
    const open = fits.find(({ pool }) => (free.get(pool) ?? 0) > 0);
    if (open === undefined) {
      verdicts.set(line.job.uid, waitingVerdict(line.job, pools, fits));
      continue;
    }
    verdicts.set(line.job.uid, { admitted: true, pool: open.pool });
    free.set(open.pool, (free.get(open.pool) ?? 0) - 1);
    line.taken();
  }
  return verdicts;
}

/** Priority with one point more for each aging period of waiting. */
export function rank(job: QueuedJob, now: number, policy: AdmissionPolicy): number {
  return job.priority + Math.floor(Math.max(0, now - job.createdAt) / (policy.agingSeconds * 1000));
}

interface Line {
  readonly job: QueuedJob;
  /** To be called when the job got a slot: its owner's share grows. */
  readonly taken: () => void;
}

/**
 * Waiting jobs, best first, going by the shares as they are when each is asked for. One sorted line per owner, so that
 * a pass over n jobs of k owners costs n log n + n k, not n squared.
 */
function* inRankOrder(
  queued: readonly QueuedJob[],
  shares: Map<string, number>,
  now: number,
  policy: AdmissionPolicy,
): Generator<Line> {
  const lines = new Map<string, { jobs: { job: QueuedJob; rank: number }[]; next: number }>();
  for (const job of queued) {
    const line = lines.get(job.owner) ?? { jobs: [], next: 0 };
    line.jobs.push({ job, rank: rank(job, now, policy) });
    lines.set(job.owner, line);
  }
  for (const { jobs } of lines.values()) {
    jobs.sort((a, b) => b.rank - a.rank || a.job.createdAt - b.job.createdAt || (a.job.uid < b.job.uid ? -1 : 1));
  }

  while (lines.size > 0) {
    let best: { owner: string; rank: number; share: number; createdAt: number; uid: string } | undefined;
    for (const [owner, line] of lines) {
      const head = line.jobs[line.next];
      if (head === undefined) continue;
      const candidate = {
        owner,
        rank: head.rank,
        share: shares.get(owner) ?? 0,
        createdAt: head.job.createdAt,
        uid: head.job.uid,
      };
      if (best === undefined || goesBefore(candidate, best)) best = candidate;
    }
    if (best === undefined) return;
    const line = lines.get(best.owner);
    const head = line?.jobs[line.next];
    if (line === undefined || head === undefined) return;
    line.next += 1;
    if (line.next === line.jobs.length) lines.delete(best.owner);
    const { owner } = best;
    yield { job: head.job, taken: () => shares.set(owner, (shares.get(owner) ?? 0) + 1) };
  }
}

interface Standing {
  readonly rank: number;
  readonly share: number;
  readonly createdAt: number;
  readonly uid: string;
}

function goesBefore(a: Standing, b: Standing): boolean {
  if (a.rank !== b.rank) return a.rank > b.rank;
  if (a.share !== b.share) return a.share < b.share;
  if (a.createdAt !== b.createdAt) return a.createdAt < b.createdAt;
  return a.uid < b.uid;
}

/** Why a job cannot use a pool, whatever is free. */
function unfitness(job: QueuedJob, pool: PoolSlots): 'name' | 'gpu' | undefined {
  if (job.pool !== undefined && job.pool !== pool.pool) return 'name';
  return job.acceleration === 'Required' && pool.gpu === false ? 'gpu' : undefined;
}

/** Among fitting pools: jobs that may use a GPU go where one is, the others leave GPUs alone. */
function preference(job: QueuedJob, pool: PoolSlots): number {
  if (pool.gpu === 'unknown') return 1;
  return pool.gpu === (job.acceleration !== 'Disabled') ? 2 : 0;
}

function waitingVerdict(job: QueuedJob, pools: readonly PoolSlots[], fits: readonly PoolSlots[]): Admission {
  if (fits.length > 0) {
    const slots = fits.reduce((sum, pool) => sum + pool.slots, 0);
    const names = fits.map(({ pool }) => pool).join(', ');
    const message =
      slots === 0
        ? `Pool ${names} has no slots at present.`
        : `Waiting for a slot: all ${slots} of pool ${names} are in use.`;
    return { admitted: false, reason: 'WaitingForSlot', message };
  }
  if (job.pool !== undefined && !pools.some(({ pool }) => pool === job.pool)) {
    const known = pools.map(({ pool }) => pool).join(', ') || 'none';
    return {
      admitted: false,
      reason: 'NoSuchPool',
      message: `spec.pool is ${job.pool}, which is not configured; configured: ${known}.`,
    };
  }
  return {
    admitted: false,
    reason: 'WaitingForGpu',
    message: 'acceleration is Required and no pool that fits has an Intel GPU; use Preferred to render without one.',
  };
}
