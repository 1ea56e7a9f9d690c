import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Guard } from './guard.ts';

export interface Program {
  readonly name: string;
  readonly pid: number;
  /** Resolves when it has ended, for whatever reason. */
  readonly ended: Promise<void>;
  readonly running: () => boolean;
  readonly kill: (signal: NodeJS.Signals) => void;
  /** Asks it to end, and ends it after five seconds. */
  readonly stop: () => Promise<void>;
  /** The end of what it said. */
  readonly log: () => Promise<string>;
}

/** Starts a program that ends with this process at the latest. Its output goes to a file in `folder`. */
export function startProgram(
  path: string,
  args: readonly string[],
  { guard, folder, env = {} }: { guard: Guard; folder: string; env?: Readonly<Record<string, string>> },
): Program {
  const name = basename(path);
  const logFile = join(folder, `${name}.log`);
  const child = spawn(path, args, {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // Ctrl-C goes to the terminal's group: these end in order instead.
    detached: true,
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${path} could not be started`);
  guard.watch(pid);
  const log = createWriteStream(logFile, { flags: 'a' });
  for (const stream of [child.stdout, child.stderr]) stream.pipe(log, { end: false });
  const ended = once(child, 'exit').then(() => guard.forget(pid));
  return {
    name,
    pid,
    ended,
    running: () => isRunning(child),
    kill: (signal) => void child.kill(signal),
    stop: async () => {
      if (isRunning(child)) child.kill('SIGTERM');
      const late = new AbortController();
      await Promise.race([ended, sleep(5_000, undefined, { signal: late.signal, ref: false }).catch(() => undefined)]);
      late.abort();
      if (isRunning(child)) child.kill('SIGKILL');
      await ended;
      log.end();
    },
    log: async () => (await readFile(logFile, 'utf8').catch(() => '')).split('\n').slice(-15).join('\n'),
  };
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}

/** Waits until `check` holds. Rejects with the end of its log when the program ends before, or after `timeout` (ms). */
export async function whenReady(program: Program, check: () => Promise<boolean>, timeout = 60_000): Promise<void> {
  const deadline = performance.now() + timeout;
  while (!(await check().catch(() => false))) {
    const late = performance.now() > deadline;
    if (late || !program.running()) {
      const what = late ? `is not ready after ${timeout / 1000} s` : 'ended';
      throw new Error(`Expected ${program.name} to become ready, but it ${what}:\n${await program.log()}`);
    }
    await sleep(50);
  }
}
