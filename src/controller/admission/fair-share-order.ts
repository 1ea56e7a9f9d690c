import type { Policy } from '../policies/policy.ts';
import type { QueuedJob } from './queued-job.ts';

type AgingPolicy = Pick<Policy, 'agingSeconds'>;

/** Priority, plus one point for each aging period of waiting. */
function rank(job: QueuedJob, now: number, policy: AgingPolicy): number {
  return job.priority + Math.floor(Math.max(0, now - job.createdAt) / (policy.agingSeconds * 1000));
}

interface RankedJob {
  readonly job: QueuedJob;
  readonly rank: number;
}

export interface Candidate {
  readonly job: QueuedJob;
  /** To be called when the job gets a slot: its owner's share grows. */
  readonly admitted: () => void;
}

/**
 * Queued jobs, best first, by the shares as they are when each is requested. Each owner's jobs are sorted once, so that a
 * pass over n jobs of k owners costs n log n + n k, not n squared.
 *
 * @param shares slots that each owner holds; grows with `admitted`
 */
export function* fairShareOrder(
  queued: readonly QueuedJob[],
  shares: Map<string, number>,
  now: number,
  policy: AgingPolicy,
): Generator<Candidate> {
  const shareOf = (owner: string): number => shares.get(owner) ?? 0;
  const remaining = new Map(
    [...jobsByOwner(queued, now, policy)].map(([owner, jobs]) => [owner, jobs.toSorted(byRankAndAge).toReversed()]),
  );
  while (remaining.size > 0) {
    const best = bestOf(remaining, shareOf);
    if (best === undefined) return;
    const { owner } = best.job;
    const jobs = remaining.get(owner);
    jobs?.pop();
    if (jobs?.length === 0) remaining.delete(owner);
    yield { job: best.job, admitted: () => shares.set(owner, shareOf(owner) + 1) };
  }
}

function jobsByOwner(queued: readonly QueuedJob[], now: number, policy: AgingPolicy): Map<string, RankedJob[]> {
  return Map.groupBy(
    queued.map((job) => ({ job, rank: rank(job, now, policy) })),
    ({ job }) => job.owner,
  );
}

/** The best of each owner's next jobs, which stand at the ends of their lists. */
function bestOf(
  remaining: ReadonlyMap<string, readonly RankedJob[]>,
  shareOf: (owner: string) => number,
): RankedJob | undefined {
  let best: RankedJob | undefined;
  for (const jobs of remaining.values()) {
    const next = jobs.at(-1);
    if (next !== undefined && (best === undefined || precedes(next, best, shareOf))) best = next;
  }
  return best;
}

/** By rank, then the smaller share of its owner, then age. */
function precedes(a: RankedJob, b: RankedJob, shareOf: (owner: string) => number): boolean {
  if (a.rank !== b.rank) return a.rank > b.rank;
  const [shareOfA, shareOfB] = [shareOf(a.job.owner), shareOf(b.job.owner)];
  if (shareOfA !== shareOfB) return shareOfA < shareOfB;
  return byRankAndAge(a, b) < 0;
}

function byRankAndAge(a: RankedJob, b: RankedJob): number {
  return b.rank - a.rank || a.job.createdAt - b.job.createdAt || (a.job.uid < b.job.uid ? -1 : 1);
}
