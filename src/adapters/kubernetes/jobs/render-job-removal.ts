import { finalizers as names } from '../../../model/labels.ts';
import type { JobRef } from '../../../ports/job-store.ts';
import { hasStatus, isConflict, statuses } from '../client/api-error.ts';
import type { RenderJobApi } from './render-job-api.ts';
import type { CachedJob } from './render-job-object.ts';
import { storeError } from './store-errors.ts';

/** How often a change of the finalizers is computed anew when someone else changed the job meanwhile. */
const tries = 5;

/** Asks for the removal of a job, which our finalizer then holds until its files are gone. */
export async function removeRenderJob(api: RenderJobApi, ref: JobRef, uid: string | undefined): Promise<void> {
  await again(api, ref, async () => {
    const found = await api.find(ref);
    if (found === undefined || found.job.metadata.deletionTimestamp !== undefined) return;
    if (uid !== undefined && found.metadata.uid !== uid) return;
    try {
      const finalizers = found.metadata.finalizers ?? [];
      // Made by kubectl: it would be gone before its files are.
      if (!finalizers.includes(names.cleanup)) await api.setFinalizers(found, [...finalizers, names.cleanup]);
      await api.remove(found);
    } catch (error) {
      if (!hasStatus(error, statuses.notFound)) throw error;
    }
  });
}

/**
 * Lets a job go of which no file is left.
 *
 * @returns the job when it is gone now; undefined when it had been before, or someone else still holds it
 */
export async function finalizeRenderJob(api: RenderJobApi, ref: JobRef, uid: string): Promise<CachedJob | undefined> {
  return again(api, ref, async () => {
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

/** Repeats what was computed from a state that is no longer the latest one. */
async function again<T>(api: RenderJobApi, ref: JobRef, task: () => Promise<T>): Promise<T> {
  for (let count = 1; ; count += 1) {
    try {
      return await task();
    } catch (error) {
      if (!isConflict(error) || count === tries) throw storeError(error, ref);
    }
    await api.read(ref);
  }
}
