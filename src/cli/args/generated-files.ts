import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type ExitCode, exitCodes } from '../../errors/exit-codes.ts';
import { CliError } from '../output/cli-error.ts';
import type { CommandContext } from './command-context.ts';

/** What to do with generated files: write them into a folder, compare them with what lies there, or print them. */
export interface Destination {
  /** A folder, or `-` for the terminal. */
  readonly out: string;
  readonly check: boolean;
}

/**
 * @param files content by path below the folder
 * @throws CliError naming the files that differ, with `check`
 */
export async function emit(
  files: ReadonlyMap<string, string>,
  { out, check }: Destination,
  { terminal, command }: Pick<CommandContext, 'terminal' | 'command'>,
): Promise<ExitCode> {
  if (out === '-') {
    terminal.out([...files.values()].join('---\n'));
    return exitCodes.ok;
  }
  const stale: string[] = [];
  for (const [name, content] of files) {
    const path = join(out, name);
    if ((await readFile(path, 'utf8').catch(() => undefined)) === content) continue;
    if (check) {
      stale.push(path);
    } else {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, content);
      terminal.out(`wrote ${path}\n`);
    }
  }
  if (stale.length === 0) return exitCodes.ok;
  throw new CliError(exitCodes.failed, `out of date: ${stale.join(', ')}`, {
    remedy: `run framewright ${command.name} and commit the result`,
  });
}
