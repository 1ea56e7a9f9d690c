import { allJobs } from '../controller/all-jobs.ts';
import { removeOutputs } from '../controller/carry-out.ts';
import { orphans } from '../controller/orphans.ts';
import { jobOfKey } from '../model/output-keys.ts';
import type { RenderJob } from '../model/render-job.ts';
import type { JobStore, ObjectInfo, ObjectStore } from '../ports.ts';
import { installationsOf } from '../storage/installations.ts';

export interface LeftOutputsOptions {
  /** Under which name the workers of this cluster publish; without one, files of unknown jobs are left alone. */
  readonly installation: string | undefined;
  /** Files of unknown jobs that changed later stay for now, in Unix milliseconds. */
  readonly olderThan: number;
}

/** The store of a cluster sorts all jobs for each page. */
const pageSize = 10_000;

/**
 * Removes what operators that were killed have left: outputs of attempts that came to nothing, and the files of jobs that
 * were removed while no operator ran. The latter only where no other installation publishes: buckets are shared.
 *
 * @returns how many files, or how many jobs' files
 */
export async function removeLeftOutputs(
  objects: ObjectStore,
  store: JobStore,
  { installation, olderThan }: LeftOutputsOptions,
): Promise<number> {
  // In this order: whoever publishes has registered before, and a job is there before its files are.
  const files: ObjectInfo[] = [];
  for await (const file of objects.list('')) files.push(file);
  if (files.length === 0) return 0;
  const jobs = await Array.fromAsync(allJobs(store, pageSize));
  const keys = files.map(({ key }) => key);
  const left = await orphans(keys, jobs, { shared: true });
  for (const key of left) await objects.remove(key);
  if (installation === undefined) return left.length;
  const unknown = unknownJobs(files, jobs, olderThan);
  if (unknown.size === 0) return left.length;
  const publishers = await installationsOf(objects);
  if (publishers.length !== 1 || publishers[0] !== installation) return left.length;
  for (const uid of unknown) await removeOutputs(objects, uid);
  return left.length + unknown.size;
}

/** Uids that are in the names of files and no job has, all of whose files are old. */
function unknownJobs(files: readonly ObjectInfo[], jobs: readonly RenderJob[], olderThan: number): Set<string> {
  const known = new Set(jobs.map(({ metadata }) => metadata.uid));
  const newest = new Map<string, number>();
  for (const { key, modifiedAt } of files) {
    const uid = jobOfKey(key);
    if (uid !== undefined && !known.has(uid)) newest.set(uid, Math.max(modifiedAt, newest.get(uid) ?? 0));
  }
  return new Set([...newest].flatMap(([uid, at]) => (at < olderThan ? [uid] : [])));
}
