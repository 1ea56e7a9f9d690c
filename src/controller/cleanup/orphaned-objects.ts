import { outputOf } from '../../model/job/output-keys.ts';
import type { RenderJob } from '../../model/job/render-job.ts';
import { isTerminal } from '../../model/status/lifecycle.ts';

/**
 * Keys of published files that no job refers to: those of removed jobs and of attempts that did not succeed, left by a
 * crash between a status and its clean-up. Files of the present attempt of an unfinished job are never among them.
 * `keys` must have been listed before `jobs`, so that the job of each key is listed too.
 *
 * @param shared other installations publish there too: files of unknown jobs are theirs
 */
export async function orphanedObjects(
  keys: Iterable<string>,
  jobs: Iterable<RenderJob> | AsyncIterable<RenderJob>,
  { shared = false }: { readonly shared?: boolean } = {},
): Promise<string[]> {
  const keysByUid = Map.groupBy(
    [...keys].flatMap((key) => {
      const uid = outputOf(key)?.uid;
      return uid === undefined ? [] : [{ key, uid }];
    }),
    ({ uid }) => uid,
  );
  const found: string[] = [];
  for await (const job of jobs) {
    const candidates = keysByUid.get(job.metadata.uid) ?? [];
    found.push(...candidates.map(({ key }) => key).filter((key) => isOrphaned(key, job)));
    keysByUid.delete(job.metadata.uid);
  }
  if (shared) return found;
  const ofUnknownJobs = [...keysByUid.values()].flat().map(({ key }) => key);
  return [...found, ...ofUnknownJobs];
}

function isOrphaned(key: string, { status }: RenderJob): boolean {
  if (!isTerminal(status?.phase)) return attemptOf(key) < (status?.attempt ?? 1);
  // A result does not list segments, and may be too short for all outputs: what an attempt publishes stays together.
  return !(status?.result?.outputs ?? []).some((output) => attemptOf(output.key) === attemptOf(key));
}

function attemptOf(key: string): number {
  return outputOf(key)?.attempt ?? Number.NaN;
}
