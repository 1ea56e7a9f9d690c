import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { Standalone } from '../support/standalone.ts';
import { testClip } from '../support/test-clip.ts';

const run = promisify(execFile);
const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const ended = z.object({ code: z.int(), stderr: z.string() });
const job = z.object({
  status: z.object({ phase: z.string(), attempt: z.int(), failures: z.int(), disruptions: z.int() }).optional(),
});

let dataDir: string;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'framewright-standalone-'));
});
afterEach(async () => {
  await rm(dataDir, { recursive: true, force: true });
});

/** What a second `standalone` says that cannot start. */
async function failedStart(args: readonly string[]): Promise<z.infer<typeof ended>> {
  const failure: unknown = await run(process.execPath, [main, 'standalone', ...args]).then(
    () => ({ code: 0, stderr: 'it started and ended' }),
    (error: unknown) => error,
  );
  return ended.parse(failure);
}

async function health(server: Standalone): Promise<{ status: number; body: unknown }> {
  const response = await fetch(new URL('/health', server.url));
  return { status: response.status, body: await response.json() };
}

describe('framewright standalone', () => {
  it('writes a first admin key for its owner alone, says so, and keeps it', async () => {
    const first = await Standalone.start({ dataDir });
    const file = join(dataDir, 'admin-key');
    expect(first.output).toContain(`wrote the first admin key to ${file}`);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    await first.end('SIGTERM');
    expect(first.child.exitCode).toBe(0);

    const second = await Standalone.start({ dataDir });
    expect(second.output).not.toContain('admin key');
    expect(second.key).toBe(first.key);
    expect((await second.fetch('/api/jobs')).status).toBe(200);
    await second.end('SIGTERM');
  });

  it('never logs a key or the query of a URL', async () => {
    const server = await Standalone.start({ dataDir });
    await server.fetch(`/api/jobs?secret=hidden-in-the-query`);
    await server.post('/api/trim', { videoUrl: 'http://169.254.169.254/a.mp4?signature=hidden-in-the-url', start: 1 });
    await server.end('SIGTERM');
    expect(server.output).toContain('/api/jobs');
    expect(server.output).not.toContain('hidden-in-the');
    expect(server.output).not.toContain(server.key);
  });

  it('rejects a folder that another server works on, and names its process', async () => {
    const server = await Standalone.start({ dataDir });
    const { code, stderr } = await failedStart(['--data', dataDir, '--port', '0']);
    expect(code).toBe(1);
    expect(stderr).toContain(`process ${server.child.pid}`);
    await server.end('SIGTERM');
  });

  it('rejects a port that is taken, and says what to do', async () => {
    const server = await Standalone.start();
    const { code, stderr } = await failedStart(['--data', dataDir, '--port', new URL(server.url).port]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/EADDRINUSE[\s\S]*remedy: .*--port/);
    await server[Symbol.asyncDispose]();
  });

  it('rejects wrong settings, all in one error', async () => {
    const { code, stderr } = await failedStart(['--data', dataDir, '--port', 'x', '--workers', '-3']);
    expect(code).toBe(2);
    expect(stderr).toContain('--port');
    expect(stderr).toContain('--workers');
  });

  it('ends on SIGTERM in the middle of a render, and takes it up again at the next start', async () => {
    const server = await Standalone.start({ dataDir });
    const clip = await testClip({ seconds: 40, width: 1280, height: 720 });
    const headers = { 'content-type': 'video/mp4' };
    const upload = await server.fetch('/api/assets', { method: 'POST', body: clip, headers });
    const { url } = z.object({ url: z.string() }).parse(await upload.json());
    const accepted = await server.post('/api/trim', { videoUrl: new URL(url).pathname, start: 1, end: 39 });
    const { jobId } = z.object({ jobId: z.string() }).parse(await accepted.json());
    const native = `/apis/render-jobs/${jobId}`;
    while (job.parse(await server.json(native)).status?.phase !== 'Running') await sleep(50);
    await server.end('SIGTERM');
    expect(server.child.exitCode).toBe(0);
    const files = (await readdir(join(dataDir, 'objects'))).filter((name) => name.endsWith('.mp4'));
    expect(files).toEqual([new URL(url).pathname.slice('/assets/'.length)]);

    const again = await Standalone.start({ dataDir });
    for (;;) {
      const { status } = job.parse(await again.json(native));
      if (status?.phase === 'Succeeded') {
        expect(status).toMatchObject({ attempt: 2, failures: 0, disruptions: 1 });
        break;
      }
      expect(['Queued', 'Starting', 'Running']).toContain(status?.phase);
      await sleep(200);
    }
    await again.end('SIGTERM');
  });

  it('is healthy without a GPU, and degraded where one is expected', async () => {
    const plain = await Standalone.start({ dataDir, env: { FRAMEWRIGHT_EXPECT_QSV: 'never' } });
    expect(await health(plain)).toMatchObject({
      status: 200,
      body: { status: 'ok', redis: true, workers: 2, queued: 0 },
    });
    await plain.end('SIGTERM');
    const strict = await Standalone.start({ dataDir, env: { FRAMEWRIGHT_EXPECT_QSV: 'always' } });
    const { status, body } = await health(strict);
    if (z.object({ qsv: z.boolean() }).parse(body).qsv) expect(status).toBe(200);
    else expect({ status, body }).toMatchObject({ status: 503, body: { status: 'degraded', error: expectedError } });
    await strict.end('SIGTERM');
  });

  it('is degraded when no worker can run', async () => {
    const server = await Standalone.start({ dataDir, env: { FRAMEWRIGHT_FFMPEG: '/nowhere/ffmpeg' } });
    const { status, body } = await health(server);
    expect(status).toBe(503);
    expect(body).toMatchObject({ status: 'degraded', workers: 0 });
    await server.end('SIGTERM');
  });

  it('keeps the mode of all that it writes from other users', async () => {
    const server = await Standalone.start({ dataDir });
    for (const name of ['framewright.db', 'objects', 'runs']) {
      expect((await stat(join(dataDir, name))).mode & 0o007, name).toBe(0);
    }
    await server.end('SIGTERM');
    expect((await readFile(join(dataDir, 'admin-key'), 'utf8')).trim()).toMatch(/^fwk_/);
  });
});

const expectedError = 'QSV hardware encoder unavailable';
