import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import type { WorkerExit } from '../../worker-protocol/run-outcome.ts';
import { outOfMemoryKills } from './out-of-memory.ts';
import { identify, isGroupAlive, type ProcessIdentity, signalGroup } from './process-identity.ts';

/** The program that runs one stage; paths must be absolute, since it starts in the folder of its run. */
export interface WorkerCommand {
  readonly command: string;
  readonly args: readonly string[];
  /** Its whole environment, except the variables for the stage and its folders. */
  readonly env: Readonly<Record<string, string>>;
}

export interface WorkerSpawn extends WorkerCommand {
  readonly folder: string;
  /** Open file for its standard output and error: it outlives the server, as a pipe would not. */
  readonly log: number;
  readonly onMessage: (message: unknown) => void;
}

/** How long the members of a killed group may take to end, in milliseconds. */
const killedMs = 2000;

/** A worker in a process group of its own, so that it and all it started can be ended together. */
export class WorkerProcess {
  /** Resolves when the worker and all of its group have ended; rejects when it could not be started. */
  readonly ended: Promise<WorkerExit>;
  readonly #child: ChildProcess;
  #killTimer: NodeJS.Timeout | undefined;

  constructor({ command, args, env, folder, log, onMessage }: WorkerSpawn) {
    const killsBefore = outOfMemoryKills();
    this.#child = spawn(command, args, { cwd: folder, env, detached: true, stdio: ['ignore', log, log, 'ipc'] });
    this.#child.on('message', onMessage);
    // `ended` rejects for a failed start; a signal to a process that has ended needs no report.
    this.#child.on('error', () => undefined);
    this.ended = this.#end(killsBefore);
  }

  /** What a later server needs to find it; undefined when it has ended already. */
  identify(): ProcessIdentity | undefined {
    return this.#child.pid === undefined ? undefined : identify(this.#child.pid);
  }

  /** Sends SIGTERM to the worker, and SIGKILL to its whole group after `graceMs`. */
  end(graceMs: number): void {
    this.#child.kill('SIGTERM');
    clearTimeout(this.#killTimer);
    this.#killTimer = setTimeout(() => this.kill(), graceMs);
  }

  kill(): void {
    if (this.#child.pid !== undefined && isRunning(this.#child)) signalGroup(this.#child.pid, 'SIGKILL');
  }

  async #end(killsBefore: number): Promise<WorkerExit> {
    try {
      await once(this.#child, 'exit');
      const { exitCode: code, signalCode: signal } = this.#child;
      // The channel may still hold the last progress; `close` follows it. Limited: a child of the worker may hold the channel.
      const closed = this.#child.connected ? once(this.#child, 'close') : Promise.resolve();
      await endGroup(this.#child.pid);
      await Promise.race([closed, wait(killedMs, undefined, { ref: false })]);
      return { code, signal, memoryExhausted: outOfMemoryKills() > killsBefore };
    } finally {
      clearTimeout(this.#killTimer);
    }
  }
}

function isRunning({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}

/**
 * Kills what remains of a worker's group and waits until it has ended. The number cannot be that of another group: the
 * kernel assigns no pid that is the number of a group.
 */
async function endGroup(group: number | undefined): Promise<void> {
  if (group === undefined || !signalGroup(group, 'SIGKILL')) return;
  const end = performance.now() + killedMs;
  while (isGroupAlive(group) && performance.now() < end) await wait(10);
}
