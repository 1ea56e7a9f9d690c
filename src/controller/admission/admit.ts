import type { PoolSlots } from '../../ports/stage-runner.ts';
import type { Policy } from '../policies/policy.ts';
import type { Admission, Waiting } from '../reconcile/decision.ts';
import { inRankOrder } from './fair-share-order.ts';
import { poolsFor } from './pool-choice.ts';
import type { HoldingJob, QueuedJob } from './queued-job.ts';
import { noPoolFor, queueNotConfigured, waitingFor } from './waiting-reason.ts';

type AdmissionPolicy = Pick<Policy, 'agingSeconds' | 'lookAhead' | 'kueue'>;

/**
 * Which waiting jobs start now and in which pool, in order; for each of the others, why it waits.
 * Order: priority (raised with age, so nothing starves), then the owner with the smaller share of slots, then age.
 * A job that goes through Kueue waits for no slot of ours: Kueue lets it run.
 */
export function admit(
  queued: readonly QueuedJob[],
  holding: readonly HoldingJob[],
  pools: readonly PoolSlots[],
  now: number,
  policy: AdmissionPolicy,
): ReadonlyMap<string, Admission> {
  const verdicts = new Map<string, Admission>();
  const free = new Map(
    pools.map(({ pool, slots, queues }) => [pool, slots + (slots > 0 && queues ? policy.lookAhead : 0)]),
  );
  const used = new Map<string, number>();
  const shares = new Map<string, number>();
  const hold = (pool: string): void => {
    free.set(pool, (free.get(pool) ?? 0) - 1);
    used.set(pool, (used.get(pool) ?? 0) + 1);
  };
  for (const { owner, pool } of holding) {
    hold(pool);
    shares.set(owner, (shares.get(owner) ?? 0) + 1);
  }

  const choices = new Choices(pools);
  const waiting: { readonly job: QueuedJob; readonly choice: Choice; readonly ahead: number }[] = [];
  for (const { job, taken } of inRankOrder(queued, shares, now, policy)) {
    const choice = choices.of(job);
    const [first] = choice.fits;
    if (job.queue !== undefined && !policy.kueue) verdicts.set(job.uid, queueNotConfigured(job.queue));
    else if (first === undefined) verdicts.set(job.uid, noPoolFor(job, pools));
    else if (job.queue !== undefined) verdicts.set(job.uid, { admitted: true, pool: first.pool });
    else {
      const open = choice.fits.find(({ pool }) => (free.get(pool) ?? 0) > 0);
      if (open === undefined) {
        waiting.push({ job, choice, ahead: choices.wait(choice) });
        continue;
      }
      verdicts.set(job.uid, { admitted: true, pool: open.pool });
      hold(open.pool);
      taken();
    }
  }
  // Said last: what is in use counts those who were let in by this pass.
  for (const { job, choice, ahead } of waiting) verdicts.set(job.uid, verdictOf(job, choice, pools, used, ahead));
  return verdicts;
}

function verdictOf(
  job: QueuedJob,
  { fits }: Choice,
  pools: readonly PoolSlots[],
  used: ReadonlyMap<string, number>,
  ahead: number,
): Waiting {
  return waitingFor(job, pools, fits, { used: fits.reduce((sum, { pool }) => sum + (used.get(pool) ?? 0), 0), ahead });
}

/** The pools that jobs of the same wishes may use, and how many of those wait. */
interface Choice {
  readonly fits: readonly PoolSlots[];
  waiting: number;
  /** Choices that have a pool in common with this one, itself included. */
  rivals: readonly Choice[] | undefined;
}

/** Ten thousand jobs have few different wishes: what follows from them is worked out once per pass. */
class Choices {
  readonly #pools: readonly PoolSlots[];
  readonly #choices = new Map<string, Choice>();

  constructor(pools: readonly PoolSlots[]) {
    this.#pools = pools;
  }

  of(job: QueuedJob): Choice {
    const key = `${job.acceleration} ${job.pool ?? ''}`;
    const known = this.#choices.get(key);
    if (known !== undefined) return known;
    const choice: Choice = { fits: poolsFor(job, this.#pools), waiting: 0, rivals: undefined };
    for (const other of this.#choices.values()) other.rivals = undefined;
    this.#choices.set(key, choice);
    return choice;
  }

  /** Puts one more job into the line of a choice; answers how many wait before it. */
  wait(choice: Choice): number {
    choice.rivals ??= [...this.#choices.values()].filter(({ fits }) => fits.some((pool) => choice.fits.includes(pool)));
    const ahead = choice.rivals.reduce((sum, rival) => sum + rival.waiting, 0);
    choice.waiting += 1;
    return ahead;
  }
}
