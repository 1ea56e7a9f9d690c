import type { Policy } from '../policies/policy.ts';
import type { QueuedJob } from './queued-job.ts';

type AgingPolicy = Pick<Policy, 'agingSeconds'>;

/** Priority with one point more for each aging period of waiting. */
export function rank(job: QueuedJob, now: number, policy: AgingPolicy): number {
  return job.priority + Math.floor(Math.max(0, now - job.createdAt) / (policy.agingSeconds * 1000));
}

export interface Line {
  readonly job: QueuedJob;
  /** To be called when the job got a slot: its owner's share grows. */
  readonly taken: () => void;
}

/**
 * Waiting jobs, best first, going by the shares as they are when each is asked for. One sorted line per owner, so that
 * a pass over n jobs of k owners costs n log n + n k, not n squared.
 */
export function* inRankOrder(
  queued: readonly QueuedJob[],
  shares: Map<string, number>,
  now: number,
  policy: AgingPolicy,
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
    let best: (Standing & { readonly owner: string }) | undefined;
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
