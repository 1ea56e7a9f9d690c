import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError } from '../../errors/coded-error.ts';
import { jobName } from '../../model/job/primitives.ts';
import type { RenderJob } from '../../model/job/render-job.ts';
import { labels } from '../../model/labels.ts';
import { ConflictError, type JobFilter, type JobStore } from '../../ports/job-store.ts';
import type { Caller } from '../http/auth.ts';

// A user sees its own jobs, a team owner those of the namespace, an admin all.

function maySee(caller: Caller, job: RenderJob): boolean {
  if (caller.role === 'admin') return true;
  if (job.metadata.namespace !== caller.namespace) return false;
  return caller.role === 'team-owner' || job.metadata.labels?.[labels.owner] === caller.owner;
}

/** The jobs that a caller may see. */
export function visibleTo(caller: Caller): JobFilter {
  if (caller.role === 'admin') return {};
  if (caller.role === 'team-owner') return { namespace: caller.namespace };
  return { namespace: caller.namespace, owner: caller.owner };
}

export function noSuchJob(): CodedError {
  return new CodedError('NOT_FOUND', 'No such job.');
}

/**
 * A job by its id. A job of another owner is not found, like one that never existed. A lookup that misses the cache
 * reads from the store itself, so that a client reads its own writes.
 */
export async function findJob(
  store: JobStore,
  caller: Caller,
  id: string,
  { namespace = caller.namespace, fresh = false }: { readonly namespace?: string; readonly fresh?: boolean } = {},
): Promise<RenderJob> {
  if (!jobName.safeParse(id).success) throw noSuchJob();
  const ref = { namespace, name: id };
  const job = (fresh ? undefined : await store.get(ref)) ?? (await store.get(ref, { fresh: true }));
  if (job === undefined || !maySee(caller, job)) throw noSuchJob();
  return job;
}

/** Each conflict is the write of another client: more of them than clients that change one job. */
const maxConflicts = 30;
const maxPauseMs = 100;

/**
 * Applies `change` to the latest state of a job; after a conflict with another write, reads the job again and retries.
 * `change` may throw to reject the request.
 *
 * @param read with `fresh` past the cache, which is stale after a conflict
 */
export async function changeJob(
  read: (how: { readonly fresh: boolean }) => Promise<RenderJob>,
  change: (job: RenderJob) => Promise<RenderJob>,
): Promise<RenderJob> {
  for (let attempt = 1; ; attempt += 1) {
    const job = await read({ fresh: attempt > 1 });
    try {
      return await change(job);
    } catch (error) {
      if (!(error instanceof ConflictError) || attempt >= maxConflicts) throw error;
    }
    // Clients that start together must not collide again and again.
    await sleep(Math.random() * Math.min(maxPauseMs, 5 * attempt));
  }
}
