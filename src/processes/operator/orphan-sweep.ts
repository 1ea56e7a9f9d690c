import { installationsOf } from '../../adapters/object-store/installations.ts';
import { allJobs } from '../../controller/cleanup/all-jobs.ts';
import { orphans } from '../../controller/cleanup/orphaned-objects.ts';
import { removeOutputs } from '../../controller/reconcile/execute-action.ts';
import { publisherOf } from '../../model/job/output-keys.ts';
import type { JobStore } from '../../ports/job-store.ts';
import type { ObjectStore } from '../../ports/object-store.ts';

export interface OrphanSweepOptions {
  /** Under which name the workers of this cluster publish; without one, files of unknown jobs are left alone. */
  readonly installation: string | undefined;
  /** Files of unknown jobs that changed later stay for now, in Unix milliseconds. */
  readonly olderThan: number;
}

/** The store of a cluster sorts all jobs for each page. */
const pageSize = 10_000;

export interface OrphanSweep {
  /** Files of attempts that came to nothing, which were removed. */
  readonly outputs: number;
  /** Unknown jobs whose files were removed. */
  readonly removed: number;
  /** Unknown jobs whose files may be those of another installation, and were left alone. */
  readonly kept: number;
}

/**
 * Removes what operators that were killed have left: outputs of attempts that came to nothing, and the files of jobs that
 * were removed while no operator ran. The latter only where no other installation publishes: buckets are shared.
 */
export async function sweepOrphans(
  objects: ObjectStore,
  store: JobStore,
  { installation, olderThan }: OrphanSweepOptions,
): Promise<OrphanSweep> {
  // In this order: whoever publishes has registered before, and a job is there before its files are. There may be
  // millions of files, so little is kept of each.
  const keys: string[] = [];
  const young = new Set<string>();
  for await (const { key, modifiedAt } of objects.list('')) {
    const uid = publisherOf(key);
    if (uid === undefined) continue;
    keys.push(key);
    if (modifiedAt >= olderThan) young.add(uid);
  }
  if (keys.length === 0) return { outputs: 0, removed: 0, kept: 0 };
  const jobs = await Array.fromAsync(allJobs(store, pageSize));
  const left = await orphans(keys, jobs, { shared: true });
  for (const key of left) await objects.remove(key);

  const unknown = new Set(keys.flatMap((key) => publisherOf(key) ?? []));
  for (const { metadata } of jobs) unknown.delete(metadata.uid);
  for (const uid of young) unknown.delete(uid);
  if (unknown.size === 0) return { outputs: left.length, removed: 0, kept: 0 };
  const publishers = await installationsOf(objects);
  if (publishers.length !== 1 || publishers[0] !== installation)
    return { outputs: left.length, removed: 0, kept: unknown.size };
  for (const uid of unknown) await removeOutputs(objects, uid);
  return { outputs: left.length, removed: unknown.size, kept: 0 };
}
