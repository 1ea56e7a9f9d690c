import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { findProgram } from '../../../scripts/bootstrap/find-program.mjs';
import { runStep } from '../../../scripts/bootstrap/run-step.mjs';
import { moduleFolder, type ProgramModule } from './programs.ts';

/** Flags that decide what comes out; a part of the cache's key. */
export const buildFlags = ['-mod=readonly', '-buildvcs=false', '-trimpath'] as const;

/**
 * Builds the programs of a module into a folder that is complete when this resolves. Go downloads the modules at the
 * versions of go.mod and checks them against go.sum.
 *
 * @param onStart is called with the process id of the compiler's driver
 */
export async function buildModule(
  module: ProgramModule,
  folder: string,
  onStart: (pid: number) => unknown,
): Promise<void> {
  const go = findProgram('go');
  if (go === undefined) throw new Error('go not found');
  const partial = `${folder}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true });
  const packages = Object.values(module.programs);
  const flags = [...buildFlags, '-ldflags', await linkerFlags(module), '-o', `${partial}/`];
  // Tests must not make a machine unusable for minutes: other programs get priority.
  const nice = findProgram('nice');
  const [command, ...rest] = nice === undefined ? [go] : [nice, '-n', '10', go];
  await runStep(
    `building ${Object.keys(module.programs).join(', ')}`,
    command,
    [...rest, 'build', ...flags, ...packages],
    {
      cwd: moduleFolder(module.name),
      env: { ...process.env, CGO_ENABLED: '0', GOWORK: 'off' },
      onStart,
    },
  );
  await nameAfterProgram(module, partial);
  await rm(folder, { recursive: true, force: true });
  await rename(partial, folder);
}

async function linkerFlags({ name, stamp }: ProgramModule): Promise<string> {
  const strip = '-s -w';
  if (stamp === undefined) return strip;
  const file = await readFile(join(moduleFolder(name), 'go.mod'), 'utf8');
  const line = file.split('\n').find((text) => text.trim().startsWith(`${stamp.module} v`));
  const version = line?.trim().split(/\s+/)[1];
  if (version === undefined) throw new Error(`Expected go.mod of ${name} to require ${stamp.module}, but it does not`);
  return [strip, ...stamp.variables.map((variable) => `-X ${variable}=${version}`)].join(' ');
}

/** Go names a program after its package, which for etcd is `server`. */
async function nameAfterProgram({ programs }: ProgramModule, folder: string): Promise<void> {
  const built = await readdir(folder);
  const [only, ...others] = Object.keys(programs);
  if (only === undefined || others.length > 0 || built.includes(only) || built[0] === undefined) return;
  await rename(join(folder, built[0]), join(folder, only));
}
