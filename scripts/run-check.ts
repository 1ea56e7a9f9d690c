import { spawn } from 'node:child_process';

/** One check of the project: passed when its command exits with 0. */
export interface Check {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
}

/**
 * Runs a check with its output shown, and a line before and after it.
 *
 * @returns whether it passed; a command that cannot be started has failed
 */
export async function runCheck({ name, command, args }: Check, cwd: string): Promise<boolean> {
  console.log(`\n== ${name}: ${[command, ...args].join(' ')}`);
  const start = performance.now();
  const outcome = await new Promise<string>((resolve) => {
    const child = spawn(command, args, { cwd, stdio: ['ignore', 'inherit', 'inherit'] });
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(code === 0 ? '' : (signal ?? `exit code ${String(code)}`)));
  });
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(outcome === '' ? `-- ${name}: passed (${seconds} s)` : `-- ${name}: FAILED (${outcome}, ${seconds} s)`);
  return outcome === '';
}
