import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { plainKubeconfig } from '../support/service-account.ts';
import { Standalone } from '../support/standalone.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const pool = '[{name: cpu, image: worker, allocation: {type: None}, maxConcurrent: 1}]';

let folder: string;
let stack: AsyncDisposableStack;

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  folder = await mkdtemp(join(tmpdir(), 'framewright-shell-'));
  stack.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
});
afterEach(() => stack.disposeAsync());

interface Started {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly ended: Promise<number | NodeJS.Signals | null>;
}

function start(verb: string, environment: Record<string, string>): Started {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, verb], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], ...environment },
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
    });
  }
  const ended = once(child, 'close').then(() => child.exitCode ?? child.signalCode);
  stack.defer(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return { child, output: () => text, ended };
}

/** An API server that accepts requests and never answers. */
async function silentServer(): Promise<{ readonly url: string; readonly asked: Promise<unknown> }> {
  const server: Server = createServer();
  const asked = once(server, 'request');
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stack.defer(async () => {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('Expected the server to listen on a port');
  return { url: `http://127.0.0.1:${address.port}`, asked };
}

describe('a stop during the start', () => {
  it.each(['operator', 'api'])('ends the %s while it waits for the API server', async (verb) => {
    const { url, asked } = await silentServer();
    await mkdir(join(folder, 'objects'));
    await writeFile(join(folder, 'pools.yaml'), pool);
    await writeFile(join(folder, 'kubeconfig'), plainKubeconfig(url, 'token'));
    const { child, output, ended } = start(verb, {
      FRAMEWRIGHT_KUBECONFIG: join(folder, 'kubeconfig'),
      FRAMEWRIGHT_POOLS_FILE: join(folder, 'pools.yaml'),
      FRAMEWRIGHT_OBJECTS_DIR: join(folder, 'objects'),
      FRAMEWRIGHT_METRICS_PORT: '0',
      FRAMEWRIGHT_PORT: '0',
    });
    await asked;
    const stoppedAt = performance.now();
    child.kill('SIGTERM');
    expect(await ended, output()).toBe(0);
    // The request to the API server alone would wait for 10 s.
    expect(performance.now() - stoppedAt).toBeLessThan(5000);
    expect(output()).toMatch(/"signal":"SIGTERM".*"msg":"stopped during the start"/);
    expect(output()).not.toContain('listening on');
  });

  it('ends the standalone server, and its data directory can be used again', async () => {
    const dataDir = join(folder, 'data');
    const { child, output, ended } = start('standalone', { FRAMEWRIGHT_DATA_DIR: dataDir, FRAMEWRIGHT_PORT: '0' });
    await vi.waitFor(() => expect(existsSync(join(dataDir, 'framewright.db'))).toBe(true), {
      timeout: 20_000,
      interval: 1,
    });
    child.kill('SIGINT');
    expect(await ended, output()).toBe(0);
    expect(output()).toMatch(/"signal":"SIGINT".*"msg":"(stopped during the start|stopping)"/);
    await using again = await Standalone.start({ dataDir });
    expect((await again.fetch('/api/jobs')).status).toBe(200);
  });
});
