import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const root = dirname(import.meta.dirname);

export interface DemoServer extends AsyncDisposable {
  readonly url: string;
  readonly key: string;
}

/**
 * Starts the real server with a data folder of its own, on a free port. Disposing of it ends the server and removes the
 * folder, whatever happened.
 *
 * @param logFile where the server's log goes
 */
export async function startServer(logFile: string): Promise<DemoServer> {
  const data = await mkdtemp(join(tmpdir(), 'framewright-demo-'));
  const args = [join(root, 'src', 'main.ts'), 'standalone', '--data', data, '--port', '0', '--workers', '2'];
  // A process group of its own: Ctrl-C goes to the demo, which then ends the server in good order.
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const log = createWriteStream(logFile);
  child.stderr.pipe(log);
  const stop = async (): Promise<void> => {
    await end(child);
    await rm(data, { recursive: true, force: true });
  };
  try {
    const url = await address(child, logFile);
    const key = (await readFile(join(data, 'admin-key'), 'utf8')).trim();
    return { url, key, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function address(child: ChildProcess, logFile: string): Promise<string> {
  if (!child.stdout) throw new Error('expected a server with an output, got one without');
  for await (const line of createInterface({ input: child.stdout, signal: AbortSignal.timeout(60_000) })) {
    const [, url] = /^listening on (http:\S+)$/.exec(line) ?? [];
    if (url !== undefined) return url;
  }
  throw new Error(`expected the server to listen, but it ended; its log is ${logFile}`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const late = new AbortController();
  await Promise.race([ended, sleep(12_000, undefined, { signal: late.signal }).catch(() => undefined)]);
  late.abort();
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  await ended;
}
