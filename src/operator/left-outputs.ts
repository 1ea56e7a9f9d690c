import { orphans } from '../controller/orphans.ts';
import type { JobStore, ObjectStore } from '../ports.ts';

/** All that there are: a page of the store in a cluster is taken from memory. */
const pageSize = 100_000;

/**
 * Removes outputs of attempts that came to nothing, which an operator that was killed between a status and its clean-up
 * has left. Files of jobs that are not known are left alone: buckets are shared with other clusters and namespaces.
 *
 * @returns how many
 */
export async function removeLeftOutputs(objects: ObjectStore, store: JobStore): Promise<number> {
  const keys: string[] = [];
  for await (const { key } of objects.list('')) keys.push(key);
  if (keys.length === 0) return 0;
  const { jobs } = await store.list({}, { limit: pageSize });
  const left = await orphans(keys, jobs, { shared: true });
  for (const key of left) await objects.remove(key);
  return left.length;
}
