import type { RenderJob } from '../../model/job/render-job.ts';
import type { JobStore } from '../../ports/job-store.ts';

/** Every job that existed at the time of the call and still exists, newest first, page by page. */
export async function* allJobs(store: Pick<JobStore, 'list'>, pageSize = 200): AsyncGenerator<RenderJob> {
  let cursor: string | undefined;
  do {
    const page = await store.list({}, { limit: pageSize, ...(cursor === undefined ? {} : { cursor }) });
    yield* page.jobs;
    cursor = page.cursor;
  } while (cursor !== undefined);
}
