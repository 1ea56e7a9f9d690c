import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import type { WorkerExit } from '../../worker-protocol/run-outcome.ts';
import { outOfMemoryKills } from './out-of-memory.ts';
import { groupLives, identify, type ProcessIdentity, signalGroup } from './process-identity.ts';

/** The program that runs one stage; paths must be absolute, since it starts in the folder of its run. */
export interface WorkerCommand {
  readonly command: string;
  readonly args: readonly string[];
  /** Its whole environment, but for what names the stage and its folders. */
  readonly env: Readonly<Record<string, string>>;
}

export interface WorkerSpawn extends WorkerCommand {
  readonly folder: string;
  /** Open file that takes both what it prints and what it logs: it outlives the server, as a pipe would not. */
  readonly log: number;
  readonly onMessage: (message: unknown) => void;
}

/** How long members of a group that was killed may take to be gone, in milliseconds. */
const goneMs = 2000;

/** A worker in a process group of its own, so that it and all it started can be ended together. */
export class WorkerProcess {
  /** Settles when the worker and all of its group are gone; rejects when it could not be started. */
  readonly ended: Promise<WorkerExit>;
  readonly #child: ChildProcess;
  #hardEnd: NodeJS.Timeout | undefined;

  constructor({ command, args, env, folder, log, onMessage }: WorkerSpawn) {
    const killsBefore = outOfMemoryKills();
    this.#child = spawn(command, args, { cwd: folder, env, detached: true, stdio: ['ignore', log, log, 'ipc'] });
    this.#child.on('message', onMessage);
    // A failed start is told by `ended`; a signal that comes too late needs no telling.
    this.#child.on('error', () => undefined);
    this.ended = this.#end(killsBefore);
  }

  /** What a later server needs to find it; undefined when it is gone already. */
  identify(): ProcessIdentity | undefined {
    return this.#child.pid === undefined ? undefined : identify(this.#child.pid);
  }

  /** Asks the worker to end, and ends its whole group after `graceMs`. */
  end(graceMs: number): void {
    this.#child.kill('SIGTERM');
    clearTimeout(this.#hardEnd);
    this.#hardEnd = setTimeout(() => this.kill(), graceMs);
  }

  kill(): void {
    if (this.#child.pid !== undefined && isRunning(this.#child)) signalGroup(this.#child.pid, 'SIGKILL');
  }

  async #end(killsBefore: number): Promise<WorkerExit> {
    try {
      await once(this.#child, 'exit');
      const { exitCode: code, signalCode: signal } = this.#child;
      // The channel may still hold the last progress; `close` comes after it. Bounded, since a leftover may hold the channel.
      const closed = this.#child.connected ? once(this.#child, 'close') : Promise.resolve();
      await endGroup(this.#child.pid);
      await Promise.race([closed, wait(goneMs, undefined, { ref: false })]);
      return { code, signal, memoryExhausted: outOfMemoryKills() > killsBefore };
    } finally {
      clearTimeout(this.#hardEnd);
    }
  }
}

function isRunning({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}

/**
 * Kills what is left of a worker's group and waits until nothing of it runs. The number cannot mean another group: the
 * kernel gives out no pid that a group still bears.
 */
async function endGroup(group: number | undefined): Promise<void> {
  if (group === undefined || !signalGroup(group, 'SIGKILL')) return;
  const end = performance.now() + goneMs;
  while (groupLives(group) && performance.now() < end) await wait(10);
}
