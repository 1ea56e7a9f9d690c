import { z } from 'zod';
import type { RenderJob } from '../../model/job/render-job.ts';
import type { JobStore } from '../../ports/job-store.ts';
import type { Caller } from '../http/auth.ts';
import { findJob, noSuchJob } from '../jobs/job-access.ts';

export const jobParams = z.object({ jobId: z.string().describe('Id of the job.') });

/** A job by its id. This API has no word for a job that is being deleted, so it is not found. */
export async function findEditJob(
  store: JobStore,
  caller: Caller,
  jobId: string,
  how: { readonly fresh?: boolean } = {},
): Promise<RenderJob> {
  const job = await findJob(store, caller, jobId, how);
  if (job.metadata.deletionTimestamp !== undefined) throw noSuchJob();
  return job;
}
