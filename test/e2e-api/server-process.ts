import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(import.meta.resolve('../../src/main.ts'));

/** A real `framewright operator` or `framewright api` process, configured by nothing but what it is given. */
export class ServerProcess implements AsyncDisposable {
  readonly child: ChildProcess;
  readonly url: string;
  readonly #output: { text: string };

  private constructor(child: ChildProcess, url: string, output: { text: string }) {
    this.child = child;
    this.url = url;
    this.#output = output;
  }

  /** Resolves when it listens; rejects with all that it said when it ends instead. */
  static async start(verb: 'operator' | 'api', environment: Readonly<Record<string, string>>): Promise<ServerProcess> {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, verb], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'], ...environment },
    });
    const output = { text: '' };
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const take = (text: string): void => {
      output.text += text;
      const url = /listening on (http:\S+)/.exec(output.text)?.[1];
      if (url !== undefined) resolve(url);
    };
    child.stdout.setEncoding('utf8').on('data', take);
    child.stderr.setEncoding('utf8').on('data', take);
    child.once('close', () => reject(new Error(`Expected framewright ${verb} to start, it ended:\n${output.text}`)));
    return new ServerProcess(child, await promise, output);
  }

  /** All that it has printed, stdout and stderr. */
  get output(): string {
    return this.#output.text;
  }

  /** Ends it and waits for its end; answers its exit code. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const closed = once(this.child, 'close');
      this.child.kill(signal);
      await closed;
    }
    return this.child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end('SIGKILL');
  }
}
