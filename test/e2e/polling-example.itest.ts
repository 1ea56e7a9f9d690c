import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { Standalone } from '../support/standalone.ts';
import { testClip } from '../support/test-clip.ts';

const run = promisify(execFile);

describe('the polling example of the Jobs API', () => {
  it('runs unchanged, base URL apart, until the render is complete', async () => {
    await using server = await Standalone.start();
    const jobId = await submit(server, { start: 0.5, end: 8 });
    const { stdout } = await poll(server, jobId);
    const lines = stdout.trim().split('\n');
    const last = lines.pop() ?? '';
    expect(last).toMatch(/^Complete: http:\/\/127\.0\.0\.1:\d+\/assets\/\S+\.mp4$/);
    for (const line of lines) expect(line).toMatch(/^(Queued\.\.\.|Progress: [\d.]+%)$/);
    const file = await fetch(last.slice('Complete: '.length));
    expect(file.status).toBe(200);
    expect(file.headers.get('content-type')).toBe('video/mp4');
  });

  it('says why a render failed and exits with 1', async () => {
    await using server = await Standalone.start();
    const jobId = await submit(server, { start: 5000, end: 5001 });
    const failed = await poll(server, jobId).catch((error: unknown) => error);
    const { code, stdout } = z.object({ code: z.int(), stdout: z.string() }).parse(failed);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^Failed: \S.*/m);
  });
});

async function submit(server: Standalone, range: { start: number; end: number }): Promise<string> {
  const clip = await testClip({ seconds: 10 });
  const upload = await server.fetch('/api/assets', {
    method: 'POST',
    body: clip,
    headers: { 'content-type': 'video/mp4' },
  });
  expect(upload.status).toBe(201);
  const { url } = z.object({ url: z.string() }).parse(await upload.json());
  const accepted = await server.post('/api/trim', { videoUrl: url, ...range });
  expect(accepted.status).toBe(202);
  const { jobId } = z.object({ jobId: z.string() }).parse(await accepted.json());
  return jobId;
}

async function poll(server: Standalone, jobId: string): Promise<{ stdout: string }> {
  const example = await readFile(new URL('../fixtures/polling-example.sh', import.meta.url), 'utf8');
  const script = example.replace('https://peako.shin0x.space', server.url);
  return run('bash', ['-c', script], { env: { ...process.env, API_KEY: server.key, JOB_ID: jobId } });
}
