import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startGuard } from '../../../test/cluster/control-plane/guard.ts';

export const program = fileURLToPath(new URL('../../../dist/framewright.mjs', import.meta.url));

/** A command of the built program that serves, in a process of its own that ends with this one at the latest. */
export interface ServerChild extends AsyncDisposable {
  readonly pid: number;
  readonly running: () => boolean;
  /** The beginning of what it has said, stdout and stderr. */
  readonly output: () => string;
  /** Where it listens, once it does. */
  readonly url: () => string | undefined;
}

/** @param folder where nothing else has the name `guard-<verb>` */
export function startServer(
  verb: 'operator' | 'api',
  {
    env,
    folder,
    nodeArguments = [],
  }: { env: NodeJS.ProcessEnv; folder: string; nodeArguments?: readonly string[] | undefined },
): ServerChild {
  const args = ['--disable-warning=ExperimentalWarning', ...nodeArguments, program, verb];
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'close');
  const guard = startGuard(join(folder, `guard-${verb}`));
  const pid = child.pid ?? 0;
  if (pid > 0) guard.watch(pid);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      if (output.length < 10_000) output += text;
    });
  }
  const running = (): boolean => child.exitCode === null && child.signalCode === null;
  return {
    pid,
    running,
    output: () => output,
    url: () => /listening on (http:\S+)/.exec(output)?.[1],
    [Symbol.asyncDispose]: async () => {
      if (running()) child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), 15_000);
      await ended;
      clearTimeout(late);
      guard.forget(pid);
      await guard[Symbol.asyncDispose]();
    },
  };
}
