import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

export interface StandaloneOptions {
  readonly dataDir?: string;
  readonly workers?: number;
  readonly mediaRoot?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The program to run; the sources when absent. */
  readonly program?: string;
}

/** A real `framewright standalone` process on a free port, with its data in a temporary folder. */
export class Standalone implements AsyncDisposable {
  readonly url: string;
  readonly key: string;
  readonly dataDir: string;
  readonly child: ChildProcess;
  readonly #ownsData: boolean;
  readonly #output: { text: string };

  private constructor(
    url: string,
    key: string,
    dataDir: string,
    child: ChildProcess,
    ownsData: boolean,
    output: { text: string },
  ) {
    this.url = url;
    this.key = key;
    this.dataDir = dataDir;
    this.child = child;
    this.#ownsData = ownsData;
    this.#output = output;
  }

  static async start(options: StandaloneOptions = {}): Promise<Standalone> {
    const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'framewright-e2e-')));
    const args = [
      '--disable-warning=ExperimentalWarning',
      options.program ?? main,
      'standalone',
      '--data',
      dataDir,
      '--port',
      '0',
    ];
    args.push('--workers', String(options.workers ?? 2));
    if (options.mediaRoot !== undefined) args.push('--media-root', options.mediaRoot);
    const child = spawn(process.execPath, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...options.env },
    });
    const output = { text: '' };
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const take = (text: string): void => {
      output.text = (output.text + text).slice(-100_000);
      const url = /listening on (http:\S+)/.exec(output.text)?.[1];
      if (url !== undefined) resolve(url);
    };
    child.stdout.setEncoding('utf8').on('data', take);
    child.stderr.setEncoding('utf8').on('data', take);
    child.on('exit', (code, signal) =>
      reject(new Error(`Expected the server to listen, it ended with ${code ?? signal}:\n${output.text}`)),
    );
    const url = await promise;
    const key = (await readFile(join(dataDir, 'admin-key'), 'utf8')).trim();
    return new Standalone(url, key, dataDir, child, options.dataDir === undefined, output);
  }

  /** All that the server has printed, stdout and stderr. */
  get output(): string {
    return this.#output.text;
  }

  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set('x-api-key', this.key);
    return fetch(new URL(path, this.url), { ...init, headers });
  }

  async json(path: string, init?: RequestInit): Promise<unknown> {
    const response = await this.fetch(path, init);
    return response.json();
  }

  async post(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    return this.fetch(path, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...headers },
    });
  }

  /** Ends the process and waits for its end. */
  async end(signal: NodeJS.Signals): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.child.once('exit', () => resolve());
    this.child.kill(signal);
    await promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end('SIGTERM');
    if (this.#ownsData) await rm(this.dataDir, { recursive: true, force: true });
  }
}
