import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { join } from 'node:path';

export interface ContainerEnd {
  readonly exitCode: number;
  /** As Kubernetes cuts it: 4096 bytes. */
  readonly message: string;
  readonly startedAt: string;
  readonly finishedAt: string;
}

/** What the container of a pod is when it is run as a process of this machine. */
export class ContainerProcess {
  readonly log: string;
  readonly startedAt = new Date().toISOString();
  readonly ended: Promise<ContainerEnd>;
  readonly #child: ChildProcess;
  #killer: NodeJS.Timeout | undefined;
  #exited = false;

  /**
   * @param command runs instead of the image
   * @param environment of the container; paths in it that name its mounts are replaced by ones of `folder`
   */
  constructor(command: readonly [string, ...string[]], environment: Readonly<Record<string, string>>, folder: string) {
    const scratch = join(folder, 'scratch');
    mkdirSync(scratch, { recursive: true });
    this.log = join(folder, 'log');
    const messageFile = join(folder, 'termination-log');
    const mounted = (value: string): string =>
      value === '/scratch' ? scratch : value === '/dev/termination-log' ? messageFile : value;
    const env = Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, mounted(value)]));
    const output = openSync(this.log, 'a');
    const [program, ...args] = command;
    // A group of its own: what it starts ends with it, as in a container.
    this.#child = spawn(program, args, { cwd: scratch, env, stdio: ['ignore', output, output], detached: true });
    closeSync(output);
    this.ended = this.#watch(messageFile);
  }

  get exited(): boolean {
    return this.#exited;
  }

  /** SIGTERM now and SIGKILL later, unless an earlier request was shorter. */
  stop(graceSeconds: number): void {
    if (this.#exited) return;
    this.#child.kill('SIGTERM');
    clearTimeout(this.#killer);
    this.#killer = setTimeout(() => this.kill(), graceSeconds * 1000);
  }

  /** The process and all that it has started. */
  kill(): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // Nothing of it is left.
    }
  }

  async #watch(messageFile: string): Promise<ContainerEnd> {
    await once(this.#child, 'exit');
    clearTimeout(this.#killer);
    this.kill();
    const { exitCode, signalCode } = this.#child;
    const message = (await readFile(messageFile).catch(() => Buffer.alloc(0))).subarray(0, 4096).toString();
    this.#exited = true;
    const code = exitCode ?? 128 + (signalCode === null ? 0 : constants.signals[signalCode]);
    return { exitCode: code, message, startedAt: this.startedAt, finishedAt: new Date().toISOString() };
  }
}
