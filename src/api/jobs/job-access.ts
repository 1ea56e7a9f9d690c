import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError } from '../../errors/coded-error.ts';
import { jobName } from '../../model/job/primitives.ts';
import type { RenderJob } from '../../model/job/render-job.ts';
import { labels } from '../../model/labels.ts';
import { ConflictError, type JobFilter, type JobStore } from '../../ports/job-store.ts';
import type { Caller } from '../http/auth.ts';

// Who sees what: a user the own jobs, a team owner those of the namespace, an admin all.

export function maySee(caller: Caller, job: RenderJob): boolean {
  if (caller.role === 'admin') return true;
  if (job.metadata.namespace !== caller.namespace) return false;
  return caller.role === 'team-owner' || job.metadata.labels?.[labels.owner] === caller.owner;
}

/** The part of all jobs that a caller sees. */
export function visibleTo(caller: Caller): JobFilter {
  if (caller.role === 'admin') return {};
  if (caller.role === 'team-owner') return { namespace: caller.namespace };
  return { namespace: caller.namespace, owner: caller.owner };
}

export function noSuchJob(): CodedError {
  return new CodedError('NOT_FOUND', 'No such job.');
}

/**
 * A job by its id. One that belongs to someone else is as absent as one that never was. A lookup that misses the cache
 * asks the store itself, so that a client reads its own writes.
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

/** Each lost race is a write of someone else's: more of them than writers one job ever has. */
const maxConflicts = 30;
const maxPauseMs = 100;

/**
 * Changes a job by what `change` makes of its latest state; when someone else was faster, reads again and asks `change`
 * anew. `change` may throw to refuse, and is done when it returns a job.
 *
 * @param read with `fresh` past the cache, which is behind once a write was refused
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
    // Many who begin at once do not meet again and again.
    await sleep(Math.random() * Math.min(maxPauseMs, 5 * attempt));
  }
}
