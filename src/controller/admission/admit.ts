import type { PoolSlots } from '../../ports/stage-runner.ts';
import type { Policy } from '../policies/policy.ts';
import type { Admission } from '../reconcile/decision.ts';
import { fairShareOrder } from './fair-share-order.ts';
import { poolsFor } from './pool-choice.ts';
import type { HoldingJob, QueuedJob } from './queued-job.ts';
import { noPoolFor, queueNotConfigured, waitingFor } from './waiting-reason.ts';

export interface AdmissionInput {
  readonly queued: readonly QueuedJob[];
  readonly holding: readonly HoldingJob[];
  readonly pools: readonly PoolSlots[];
  /** Unix milliseconds. */
  readonly now: number;
  readonly policy: Pick<Policy, 'agingSeconds' | 'lookAhead' | 'kueue'>;
}

/**
 * Which queued jobs start now and in which pool, by uid; for each of the others, why it waits.
 * Order: priority (raised with age, so that every job starts some day), then the owner with the smaller share of slots,
 * then age. A job that goes through Kueue needs no slot of ours: Kueue decides when it runs.
 */
export function admit({ queued, holding, pools, now, policy }: AdmissionInput): ReadonlyMap<string, Admission> {
  const admissions = new Map<string, Admission>();
  const slots = new SlotCounts(pools, policy.lookAhead);
  const shares = new Map<string, number>();
  for (const { owner, pool } of holding) {
    slots.take(pool);
    shares.set(owner, (shares.get(owner) ?? 0) + 1);
  }

  const choices = new PoolChoices(pools);
  const waiting: { readonly job: QueuedJob; readonly usable: readonly PoolSlots[]; readonly ahead: number }[] = [];
  for (const { job, admitted } of fairShareOrder(queued, shares, now, policy)) {
    const choice = choices.of(job);
    const withoutSlot = admissionWithoutSlot(job, choice.usable, pools, policy.kueue);
    const pool = choice.usable.find((candidate) => slots.hasFree(candidate.pool))?.pool;
    if (withoutSlot !== undefined) {
      admissions.set(job.uid, withoutSlot);
    } else if (pool === undefined) {
      waiting.push({ job, usable: choice.usable, ahead: choices.enqueue(choice) });
    } else {
      admissions.set(job.uid, { admitted: true, pool });
      slots.take(pool);
      admitted();
    }
  }
  // Last, so that the slots in use include those of the jobs that this pass admitted.
  for (const { job, usable, ahead } of waiting) {
    admissions.set(job.uid, waitingFor(job, pools, usable, { used: slots.usedIn(usable), ahead }));
  }
  return admissions;
}

/** The admission of a job that needs no slot of ours, or cannot get one; `undefined` for every other job. */
function admissionWithoutSlot(
  job: QueuedJob,
  [first]: readonly PoolSlots[],
  pools: readonly PoolSlots[],
  kueue: boolean,
): Admission | undefined {
  if (job.queue !== undefined && !kueue) return queueNotConfigured(job.queue);
  if (first === undefined) return noPoolFor(job, pools);
  return job.queue === undefined ? undefined : { admitted: true, pool: first.pool };
}

class SlotCounts {
  readonly #free: Map<string, number>;
  readonly #used = new Map<string, number>();

  constructor(pools: readonly PoolSlots[], lookAhead: number) {
    this.#free = new Map(pools.map(({ pool, slots, queues }) => [pool, slots + (slots > 0 && queues ? lookAhead : 0)]));
  }

  hasFree(pool: string): boolean {
    return (this.#free.get(pool) ?? 0) > 0;
  }

  take(pool: string): void {
    this.#free.set(pool, (this.#free.get(pool) ?? 0) - 1);
    this.#used.set(pool, (this.#used.get(pool) ?? 0) + 1);
  }

  usedIn(pools: readonly PoolSlots[]): number {
    return pools.reduce((sum, { pool }) => sum + (this.#used.get(pool) ?? 0), 0);
  }
}

/** The pools that jobs with the same pool and acceleration may use, and how many such jobs wait. */
interface PoolChoice {
  readonly usable: readonly PoolSlots[];
  waiting: number;
  /** Choices that have a pool in common with this one, itself included; absent until computed. */
  competitors: readonly PoolChoice[] | undefined;
}

/** Ten thousand jobs have few different choices: each is computed once per pass. */
class PoolChoices {
  readonly #pools: readonly PoolSlots[];
  readonly #choices = new Map<string, PoolChoice>();

  constructor(pools: readonly PoolSlots[]) {
    this.#pools = pools;
  }

  of(job: QueuedJob): PoolChoice {
    const key = `${job.acceleration} ${job.pool ?? ''}`;
    const known = this.#choices.get(key);
    if (known !== undefined) return known;
    const choice: PoolChoice = { usable: poolsFor(job, this.#pools), waiting: 0, competitors: undefined };
    for (const other of this.#choices.values()) other.competitors = undefined;
    this.#choices.set(key, choice);
    return choice;
  }

  /** Counts one more waiting job; returns how many are ahead of it. */
  enqueue(choice: PoolChoice): number {
    choice.competitors ??= [...this.#choices.values()].filter(({ usable }) =>
      usable.some((pool) => choice.usable.includes(pool)),
    );
    const ahead = choice.competitors.reduce((sum, { waiting }) => sum + waiting, 0);
    choice.waiting += 1;
    return ahead;
  }
}
