import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { findProgram } from '../../../scripts/bootstrap/find-program.mjs';
import { say } from '../../../scripts/bootstrap/run-step.mjs';
import { withSetupLock } from '../../../scripts/bootstrap/setup-lock.mjs';
import { buildFlags, buildModule } from './build.ts';
import { buildMinutes, type Kit, kits, moduleFolder, type ProgramModule, programModules } from './programs.ts';

/** Paths of a kit's programs by name, or why they are unavailable, in one line. */
export type Programs =
  | { readonly paths: Readonly<Record<string, string>>; readonly absent?: never }
  | {
      readonly absent: string;
      /** Whether tests that need them fail instead of being skipped. */
      readonly failing?: boolean;
    };

/** Of the user, not of the checkout: a fresh clone need not build for ten minutes what is cached already. */
const programCache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'framewright', 'cluster');

/** How long programs of other versions are kept, in milliseconds: another checkout may be using them. */
const keptFor = 30 * 24 * 3_600_000;

/** An hour: the first build of everything takes ten minutes on two cores, and another process may be building. */
const patience = 3_600_000;

/**
 * Finds the programs of a kit: in `KUBEBUILDER_ASSETS`, in the cache, or by building them with Go. Processes that call
 * this at the same time wait for one another.
 */
export async function setUpPrograms(kit: Kit, cache = programCache): Promise<Programs> {
  try {
    const paths: Record<string, string> = {};
    for (const name of kits[kit]) paths[name] = (await givenProgram(name)) ?? (await cachedProgram(name, cache));
    return { paths };
  } catch (error) {
    const lines = (error instanceof Error ? error.message : String(error)).trim().split('\n');
    // The first line names the failed step, the last one is Go's error.
    return { absent: [...new Set([lines[0], lines.at(-1)])].join(' … ') };
  }
}

async function givenProgram(name: string): Promise<string | undefined> {
  const folder = process.env['KUBEBUILDER_ASSETS'];
  if (folder === undefined || folder === '') return undefined;
  const path = join(folder, name);
  return (await isProgram(path)) ? path : undefined;
}

async function cachedProgram(name: string, cache: string): Promise<string> {
  const module = programModules.find(({ programs }) => name in programs);
  if (module === undefined) throw new Error(`Expected a module that has ${name}, but no module builds it`);
  const folder = join(cache, await folderName(module));
  const path = join(folder, name);
  if (await isProgram(path)) return path;
  if (findProgram('go') === undefined) throw new Error(`go not found: ${name} is built with Go 1.26 or later`);
  await mkdir(cache, { recursive: true });
  await withSetupLock(join(cache, `lock-${module.name}`), (alsoHeldBy) => buildOnce(module, folder, alsoHeldBy), {
    timeout: patience,
  });
  return path;
}

async function buildOnce(module: ProgramModule, folder: string, onStart: (pid: number) => unknown): Promise<void> {
  const names = Object.keys(module.programs);
  if ((await Promise.all(names.map((name) => isProgram(join(folder, name))))).every(Boolean)) return;
  const minutes = buildMinutes[module.name];
  const duration = minutes === undefined ? 'some minutes' : `about ${minutes} min`;
  say(`for the cluster tests: ${duration} on two cores, once per user; cached in ${folder}`);
  await buildModule(module, folder, onStart);
  const cache = dirname(folder);
  const earlier = (await readdir(cache)).filter((name) => name.startsWith(`${module.name}-`));
  for (const path of earlier.map((name) => join(cache, name)).filter((one) => one !== folder)) {
    const { mtimeMs } = await stat(path);
    if (mtimeMs < Date.now() - keptFor) await rm(path, { recursive: true, force: true });
  }
}

/** Named after what decides the result: the pinned versions, the flags, the platform. */
async function folderName(module: ProgramModule): Promise<string> {
  const files = ['go.mod', 'go.sum'].map((name) => readFile(join(moduleFolder(module.name), name), 'utf8'));
  const parts = [
    ...(await Promise.all(files)),
    JSON.stringify(module),
    buildFlags.join(' '),
    process.platform,
    process.arch,
  ];
  const key = createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
  return `${module.name}-${key}`;
}

function isProgram(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
