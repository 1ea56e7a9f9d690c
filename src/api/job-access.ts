import { CodedError } from '../errors.ts';
import { labels } from '../model/labels.ts';
import { jobName } from '../model/primitives.ts';
import type { RenderJob } from '../model/render-job.ts';
import { ConflictError, type JobFilter, type JobStore } from '../ports.ts';
import type { Caller } from './auth.ts';

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
  namespace = caller.namespace,
): Promise<RenderJob> {
  if (!jobName.safeParse(id).success) throw noSuchJob();
  const ref = { namespace, name: id };
  const job = (await store.get(ref)) ?? (await store.get(ref, { fresh: true }));
  if (job === undefined || !maySee(caller, job)) throw noSuchJob();
  return job;
}

const maxConflicts = 8;

/**
 * Changes a job by what `change` makes of its latest state; when someone else was faster, reads again and asks `change`
 * anew. `change` may throw to refuse, and is done when it returns a job.
 */
export async function changeJob(
  read: () => Promise<RenderJob>,
  change: (job: RenderJob) => Promise<RenderJob>,
): Promise<RenderJob> {
  for (let attempt = 1; ; attempt += 1) {
    const job = await read();
    try {
      return await change(job);
    } catch (error) {
      if (!(error instanceof ConflictError) || attempt >= maxConflicts) throw error;
    }
  }
}
