import { finalizers as names } from '../../../model/labels.ts';
import type { JobRef } from '../../../ports/job-store.ts';
import { hasStatus, isConflict, statuses } from '../client/api-error.ts';
import type { RenderJobApi } from './render-job-api.ts';
import type { CachedJob } from './render-job-object.ts';
import { storeError } from './store-errors.ts';

/** How often a change of the finalizers is tried when the job keeps changing in between. */
const tries = 5;

/** Requests the removal of a job; our finalizer keeps it until its files are deleted. */
export async function removeRenderJob(api: RenderJobApi, ref: JobRef, uid: string | undefined): Promise<void> {
  await retryConflicts(api, ref, async () => {
    const found = await api.find(ref);
    if (found === undefined || found.job.metadata.deletionTimestamp !== undefined) return;
    if (uid !== undefined && found.metadata.uid !== uid) return;
    try {
      const finalizers = found.metadata.finalizers ?? [];
      // Created by kubectl, without our finalizer: it would be deleted before its files are.
      if (!finalizers.includes(names.cleanup)) await api.setFinalizers(found, [...finalizers, names.cleanup]);
      await api.remove(found);
    } catch (error) {
      if (!hasStatus(error, statuses.notFound)) throw error;
    }
  });
}

/**
 * Removes our finalizer from a job whose files are deleted.
 *
 * @returns the job when it is deleted now; undefined when it was deleted before, or another finalizer keeps it
 */
export async function finalizeRenderJob(api: RenderJobApi, ref: JobRef, uid: string): Promise<CachedJob | undefined> {
  return retryConflicts(api, ref, async () => {
    const found = await api.find(ref);
    if (found?.metadata.uid !== uid) return undefined;
    try {
      const finalizers = found.metadata.finalizers ?? [];
      const others = finalizers.filter((name) => name !== names.cleanup);
      if (others.length < finalizers.length) await api.setFinalizers(found, others);
      if (found.job.metadata.deletionTimestamp === undefined) await api.remove(found);
      return others.length === 0 ? found : undefined;
    } catch (error) {
      if (!hasStatus(error, statuses.notFound)) throw error;
      return found;
    }
  });
}

/** Repeats a task that was computed from a state that is no longer the latest one. */
async function retryConflicts<T>(api: RenderJobApi, ref: JobRef, task: () => Promise<T>): Promise<T> {
  for (let count = 1; ; count += 1) {
    try {
      return await task();
    } catch (error) {
      if (!isConflict(error) || count === tries) throw storeError(error, ref);
    }
    await api.read(ref);
  }
}
