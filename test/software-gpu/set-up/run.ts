import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** Runs a program to its end. Rejects with the end of what it said when it fails. Answers its standard output. */
export async function run(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  try {
    const options = { env: { ...process.env, LC_ALL: 'C', ...env }, maxBuffer: 64 * 1024 * 1024 };
    return (await execute(program, args, options)).stdout;
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
    const tail = said.trim().split('\n').slice(-6).join('\n');
    throw new Error(`${program} ${args.slice(0, 3).join(' ')} failed: ${tail}`, { cause: error });
  }
}
