import { installationsOf } from '../../adapters/object-store/installations.ts';
import { allJobs } from '../../controller/cleanup/all-jobs.ts';
import { orphanedObjects } from '../../controller/cleanup/orphaned-objects.ts';
import { removeOutputs } from '../../controller/reconcile/execute-action.ts';
import { publisherOf } from '../../model/job/output-keys.ts';
import type { JobStore } from '../../ports/job-store.ts';
import type { ObjectStore } from '../../ports/object-store.ts';

export interface OrphanSweepOptions {
  /** Name under which the workers of this cluster publish; without one, files of unknown jobs are kept. */
  readonly installation: string | undefined;
  /** Files of unknown jobs that changed later than this are kept, in Unix milliseconds. */
  readonly olderThan: number;
}

/** Large, since the store of a cluster sorts all jobs for each page. */
const pageSize = 10_000;

export interface OrphanSweep {
  /** Removed files of attempts that did not succeed. */
  readonly outputs: number;
  /** Unknown jobs whose files were removed. */
  readonly removed: number;
  /** Unknown jobs whose files may belong to another installation, and were kept. */
  readonly kept: number;
}

/**
 * Removes what killed operators have left: outputs of attempts that did not succeed, and the files of jobs that were
 * removed while no operator ran. The latter only where no other installation publishes: buckets are shared.
 */
export async function sweepOrphanedFiles(
  objects: ObjectStore,
  store: JobStore,
  { installation, olderThan }: OrphanSweepOptions,
): Promise<OrphanSweep> {
  // In this order: an installation registers before it publishes, and a job exists before its files do.
  const { keys, young } = await publishedFiles(objects, olderThan);
  if (keys.length === 0) return { outputs: 0, removed: 0, kept: 0 };
  const jobs = await Array.fromAsync(allJobs(store, pageSize));
  const orphaned = await orphanedObjects(keys, jobs, { shared: true });
  for (const key of orphaned) await objects.remove(key);

  const unknown = new Set(keys.flatMap((key) => publisherOf(key) ?? []));
  for (const { metadata } of jobs) unknown.delete(metadata.uid);
  for (const uid of young) unknown.delete(uid);
  const outputs = orphaned.length;
  if (unknown.size === 0) return { outputs, removed: 0, kept: 0 };
  const publishers = await installationsOf(objects);
  if (publishers.length !== 1 || publishers[0] !== installation) return { outputs, removed: 0, kept: unknown.size };
  for (const uid of unknown) await removeOutputs(objects, uid);
  return { outputs, removed: unknown.size, kept: 0 };
}

/** The keys of all files of jobs, and the jobs of those that changed lately. Millions of files: little is kept of each. */
async function publishedFiles(
  objects: ObjectStore,
  olderThan: number,
): Promise<{ readonly keys: readonly string[]; readonly young: ReadonlySet<string> }> {
  const keys: string[] = [];
  const young = new Set<string>();
  for await (const { key, modifiedAt } of objects.list('')) {
    const uid = publisherOf(key);
    if (uid === undefined) continue;
    keys.push(key);
    if (modifiedAt >= olderThan) young.add(uid);
  }
  return { keys, young };
}
