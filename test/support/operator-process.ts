import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

export interface OperatorEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** All that it has printed, stdout and stderr. */
  readonly output: string;
}

/** A real `framewright operator` process that inherits no setting from this one. */
export class OperatorProcess implements AsyncDisposable {
  readonly child: ChildProcess;
  readonly ended: Promise<OperatorEnd>;
  readonly #listening: Promise<string>;
  #output = '';

  private constructor(environment: Readonly<Record<string, string>>) {
    const args = ['--disable-warning=ExperimentalWarning', main, 'operator'];
    this.child = spawn(process.execPath, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        FRAMEWRIGHT_METRICS_HOST: '127.0.0.1',
        FRAMEWRIGHT_METRICS_PORT: '0',
        ...environment,
      },
    });
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const take = (text: string): void => {
      this.#output += text;
      const url = /listening on (http:\S+)/.exec(this.#output)?.[1];
      if (url !== undefined) resolve(url);
    };
    this.child.stdout?.setEncoding('utf8').on('data', take);
    this.child.stderr?.setEncoding('utf8').on('data', take);
    this.ended = once(this.child, 'close').then(() => ({
      code: this.child.exitCode,
      signal: this.child.signalCode,
      output: this.#output,
    }));
    void this.ended.then(({ output }) => reject(new Error(`Expected the operator to start, it ended:\n${output}`)));
    this.#listening = promise;
    promise.catch(() => undefined);
  }

  /** For a start that is expected to fail: resolves with how it ended. */
  static run(environment: Readonly<Record<string, string>>): Promise<OperatorEnd> {
    return new OperatorProcess(environment).ended;
  }

  /** Resolves when it listens; rejects with its output when it ends instead. */
  static async start(environment: Readonly<Record<string, string>>): Promise<OperatorProcess> {
    const operator = new OperatorProcess(environment);
    await operator.#listening;
    return operator;
  }

  get output(): string {
    return this.#output;
  }

  /** Its name in the Lease; undefined until its caches are up to date. */
  get identity(): string | undefined {
    return /"identity":"([^"]+)"/.exec(this.#output)?.[1];
  }

  async ask(path: string): Promise<{ readonly status: number; readonly text: string }> {
    const answer = await fetch(`${await this.#listening}${path}`);
    return { status: answer.status, text: await answer.text() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGKILL');
    await this.ended;
  }
}
