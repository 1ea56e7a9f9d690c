import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { withSetupLock } from '../../../scripts/bootstrap/setup-lock.mjs';
import { buildStandIn } from './build.ts';
import { debianPackages, debianRelease, makeDebianRoot } from './debian-root.ts';
import { missingRequirement } from './requirements.ts';

/** A built stand-in: the folders of its programs, or why there is none, in one line. */
export type StandIn =
  | { readonly gpu: string; readonly plain: string; readonly absent?: never }
  | { readonly absent: string };

const sources = dirname(import.meta.dirname);
const cache = join(sources, '../../.cache/software-gpu');

/**
 * Makes the stand-in where it can: a Debian 13 root (again only when the list of packages changed) and the libraries
 * (again only when a source changed). Processes that call this at the same time wait for one another.
 */
export async function setUpStandIn(say: (line: string) => void = () => undefined): Promise<StandIn> {
  const missing = missingRequirement(cache);
  if (missing !== undefined) return { absent: missing };
  try {
    const { root, build } = await folders();
    if (!(await exists(root)) || !(await exists(build))) {
      await mkdir(cache, { recursive: true });
      await withSetupLock(join(cache, 'lock'), () => make(root, build, say));
    }
    return { gpu: join(build, 'gpu'), plain: join(build, 'plain') };
  } catch (error) {
    const [line = 'unknown'] = (error instanceof Error ? error.message : String(error)).split('\n').slice(-1);
    return { absent: line };
  }
}

async function make(root: string, build: string, say: (line: string) => void): Promise<void> {
  const startedAt = performance.now();
  const seconds = (): string => `${((performance.now() - startedAt) / 1000).toFixed(0)} s`;
  if (!(await exists(root))) {
    say('software GPU: unpacking a Debian 13 root with FFmpeg 7.1…');
    await makeDebianRoot(root);
    say(`software GPU: the root is there after ${seconds()}`);
  }
  if (!(await exists(build))) {
    await buildStandIn(build, join(root, 'root'));
    say(`software GPU: built after ${seconds()}`);
  }
  await removeOld(new Set([root, build]));
}

/** A test run that started before the sources changed may still use what they made of them. */
const keptMs = 24 * 60 * 60 * 1000;

async function removeOld(current: ReadonlySet<string>): Promise<void> {
  const paths = (await readdir(cache)).map((name) => join(cache, name));
  // Partial folders and locks of others are named after the lock; everything else is of an earlier version.
  const earlier = paths.filter((path) => !current.has(path) && !path.startsWith(join(cache, 'lock')));
  for (const path of earlier) {
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > keptMs) await rm(path, { recursive: true, force: true });
  }
}

/** Folders named after what they are made of. */
async function folders(): Promise<{ readonly root: string; readonly build: string }> {
  const setUp = await contents(import.meta.dirname);
  const packages = hash([debianRelease, ...debianPackages, ...(setUp.get('debian-root.ts') ?? [])]);
  const parts = await Promise.all(
    ['shared', 'runtime', 'va-driver', 'render-node'].map((name) => contents(join(sources, name))),
  );
  const build = hash([packages, cache, ...[setUp, ...parts].flatMap((files) => [...files.entries()].flat(2))]);
  return { root: join(cache, `root-${packages}`), build: join(cache, `build-${build}`) };
}

async function contents(folder: string): Promise<Map<string, readonly [string]>> {
  const names = (await readdir(folder)).toSorted();
  return new Map(
    await Promise.all(names.map(async (name) => [name, [await readFile(join(folder, name), 'utf8')]] as const)),
  );
}

function hash(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
