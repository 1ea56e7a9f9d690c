import { outputOf } from '../../model/job/output-keys.ts';
import type { RenderJob } from '../../model/job/render-job.ts';
import { isTerminal } from '../../model/status/lifecycle.ts';

/**
 * Which published files no job refers to: of removed jobs, of attempts that did not succeed. A crash between a status
 * and its clean-up leaves them. Files of the present attempt of an unfinished job are not judged.
 * `keys` must have been listed before `jobs` are, so that a job made meanwhile is known.
 *
 * @param shared the place is used by others too, another cluster for example: files of unknown jobs are theirs
 */
export async function orphans(
  keys: Iterable<string>,
  jobs: Iterable<RenderJob> | AsyncIterable<RenderJob>,
  { shared = false }: { readonly shared?: boolean } = {},
): Promise<string[]> {
  const unknown = new Map<string, string[]>();
  for (const key of keys) {
    const uid = outputOf(key)?.uid;
    if (uid === undefined) continue;
    const others = unknown.get(uid);
    if (others === undefined) unknown.set(uid, [key]);
    else others.push(key);
  }
  const found: string[] = [];
  for await (const job of jobs) {
    const candidates = unknown.get(job.metadata.uid) ?? [];
    found.push(...candidates.filter((key) => isOrphan(key, job)));
    unknown.delete(job.metadata.uid);
  }
  return shared ? found : [...found, ...[...unknown.values()].flat()];
}

function isOrphan(key: string, { status }: RenderJob): boolean {
  if (!isTerminal(status?.phase)) return attemptOf(key) < (status?.attempt ?? 1);
  // A result does not list segments, and may be too short for all outputs: what an attempt publishes stays together.
  return !(status?.result?.outputs ?? []).some((output) => attemptOf(output.key) === attemptOf(key));
}

function attemptOf(key: string): number {
  return outputOf(key)?.attempt ?? Number.NaN;
}
