import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import type { Client } from '../support/api-server.ts';
import { anyText, containing } from '../support/matchers.ts';
import { testClip } from '../support/test-clip.ts';
import type { Scene } from './shared-suite.ts';
import { lookUp, patience, readJob, submit, untilPhase, upload } from './world.ts';

const execute = promisify(execFile);

const probed = z.object({
  format: z.object({ duration: z.coerce.number() }),
  streams: z.array(z.object({ codec_type: z.string() })),
});

/** Downloads a file as a client does, and looks at it with ffprobe. */
async function probe(url: string): Promise<{ seconds: number; kinds: string[] }> {
  const { stdout } = await execute('ffprobe', ['-v', 'error', '-of', 'json', '-show_format', '-show_streams', url]);
  const { format, streams } = probed.parse(JSON.parse(stdout));
  return { seconds: format.duration, kinds: streams.map(({ codec_type: kind }) => kind).toSorted() };
}

async function done(client: Client, jobId: string): Promise<string> {
  const job = z.object({ status: z.string(), outputUrl: z.string().optional() });
  const seen = await vi.waitFor(async () => {
    const found = job.parse((await client.get(`/api/jobs/${jobId}`)).body);
    expect(['done', 'failed', 'cancelled']).toContain(found.status);
    return found;
  }, patience);
  expect(seen.status).toBe('done');
  return seen.outputUrl ?? '';
}

/** Jobs that render, by every family of routes. */
export function rendersSuite(scene: () => Scene): void {
  // Each waits for its own jobs most of the time. No `expect.poll` here: it loses its test beside others.
  describe.concurrent('rendering', () => {
    it('replies to a synchronous trim of the Edit API with the file, and has the history of the job', async () => {
      const { ann, clip } = scene();
      const reply = await ann.post('/api/trim', {
        videoUrl: `/assets/${clip}`,
        start: 0.2,
        end: 0.8,
        delivery: 'sync',
      });
      const { jobId } = z.object({ jobId: z.string() }).parse(reply.body);
      const { seconds, kinds } = await probe(await done(ann, jobId));
      expect(seconds).toBeCloseTo(0.6, 1);
      expect(kinds).toEqual(['audio', 'video']);

      const listed = (await ann.get('/api/jobs')).body['jobs'];
      expect(listed).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ id: jobId, type: 'PEAKO_TRIM', status: 'done', progress: 1, outputUrl: anyText }),
        ]),
      );
      const { body } = await ann.get(`/apis/render-jobs/${jobId}`);
      expect(body).toMatchObject({
        metadata: { name: jobId, labels: { 'framewright.dev/owner': 'ann', 'framewright.dev/type': 'trim' } },
        status: { phase: 'Succeeded', attempt: 1, attempts: [{ number: 1, outcome: 'Succeeded', exitCode: 0 }] },
      });
      const log = await ann.get(`/apis/render-jobs/${jobId}/logs`);
      expect(log.headers.get('content-type')).toContain('ndjson');
      expect(log.text.trim().split('\n').length).toBeGreaterThan(2);
      for (const line of log.text.trim().split('\n')) expect(() => void JSON.parse(line)).not.toThrow();
      expect(await ann.send('POST', `/apis/render-jobs/${jobId}/cancel`)).toMatchObject({ status: 409 });
      expect(await ann.send('POST', `/apis/render-jobs/${jobId}/retry`)).toMatchObject({ status: 409 });
    });

    it('serves the deprecated routes, and announces their end', async () => {
      const { ann, clip } = scene();
      const reply = await ann.post('/api/v1/mute', { videoUrl: `/assets/${clip}` });
      expect(reply).toMatchObject({ status: 202, body: { jobId: anyText, status: anyText } });
      expect(reply.headers.get('deprecation')).not.toBeNull();
      expect(reply.headers.get('sunset')).toMatch(/GMT$/);
      // Muted by removing the audio or by silencing it: the video stays as it was.
      const { seconds, kinds } = await probe(await done(ann, String(reply.body['jobId'])));
      expect(seconds).toBeCloseTo(1, 1);
      expect(kinds).toContain('video');
    });

    it('accepts a manifest as YAML, and deletes the files with the job', async () => {
      const { world, ann, clip } = scene();
      const body = [
        'apiVersion: framewright.dev/v1alpha1',
        'kind: RenderJob',
        'metadata: {generateName: yaml-}',
        'spec:',
        `  inputs: [{name: main, asset: ${clip}}]`,
        '  operations: [{trim: {end: 0.5}}, {mute: {}}]',
      ].join('\n');
      const reply = await ann.send('POST', '/apis/render-jobs', {
        body,
        headers: { 'content-type': 'application/yaml' },
      });
      expect(reply.status).toBe(201);
      const { name } = readJob(reply.body).metadata;
      const { status } = await untilPhase(ann, name, 'Succeeded');
      const url = status.result?.outputs[0]?.url ?? '';
      expect((await probe(url)).seconds).toBeCloseTo(0.5, 1);
      expect(url.startsWith(world.files)).toBe(true);

      expect((await ann.send('DELETE', `/apis/render-jobs/${name}`)).status).toBe(202);
      expect((await ann.get(`/api/jobs/${name}`)).status).toBe(404);
      await vi.waitFor(async () => expect((await ann.get(`/apis/render-jobs/${name}`)).status).toBe(404), patience);
      expect((await fetch(url)).status).toBe(404);
    });

    it('accepts an output as the input of the next job, and stores a repeated upload once', async () => {
      const { ann, clip } = scene();
      const again = { body: await testClip({ seconds: 1 }), headers: { 'idempotency-key': `file-${Date.now()}` } };
      const sent = await Promise.all(
        [1, 2].map(() => ann.send('POST', '/api/assets?filename=again.mp4', again).then(({ status }) => status)),
      );
      // Both in parallel: one gets Retry-After. Later it gets the same file.
      expect(sent).toContain(201);
      const ids = [await ann.send('POST', '/api/assets?filename=again.mp4', again)].map(({ body }) => body['id']);
      expect(ids).toEqual([anyText]);
      const first = await submit(ann, { inputs: [{ name: 'a', asset: clip }], operations: [{ trim: { end: 0.5 } }] });
      const { status } = await untilPhase(ann, first, 'Succeeded');
      const merged = await ann.make('merge', {
        videoUrls: [status.result?.outputs[0]?.url, `/assets/${String(ids[0])}`],
      });
      expect((await probe(await done(ann, merged))).seconds).toBeCloseTo(1.5, 0);
      expect((await ann.send('DELETE', `/api/assets/${String(ids[0])}`)).status).toBe(204);
    });

    it('fails a job with the reason of the worker, and retries it once as a new job', async () => {
      const { ann } = scene();
      const broken = await upload(ann, new TextEncoder().encode('this is no video'), 'broken.mp4');
      const name = await submit(ann, { inputs: [{ name: 'a', asset: broken }], operations: [{ mute: {} }] });
      await untilPhase(ann, name, 'Failed');
      expect((await ann.get(`/apis/render-jobs/${name}`)).body).toMatchObject({
        status: { error: { code: 'INPUT_INVALID', remedy: anyText } },
      });
      expect((await ann.get(`/api/jobs/${name}`)).body).toMatchObject({ status: 'failed', error: anyText });
      const replies = await Promise.all([1, 2, 3].map(() => ann.send('POST', `/apis/render-jobs/${name}/retry`)));
      expect(replies.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 200, 201]);
      expect(new Set(replies.map(({ body }) => readJob(body).metadata.name))).toEqual(new Set([`${name}-r1`]));
      await untilPhase(ann, `${name}-r1`, 'Failed');
    });

    it('plans without creating a job', async () => {
      const { bob, clip } = scene();
      await vi.waitFor(async () => expect((await bob.get('/apis/render-jobs')).body['items']).toEqual([]), patience);
      const spec = { inputs: [{ name: 'a', asset: clip }], operations: [{ mute: {} }], acceleration: 'Preferred' };
      const plan = await bob.post('/apis/render-jobs:plan', spec);
      expect(plan).toMatchObject({ status: 200, body: { steps: expect.arrayContaining([]) as unknown } });
      expect(plan.text).toContain('mute');
      expect(
        await bob.post('/apis/render-jobs:plan', { inputs: [{ name: 'a', url: 'http://10.0.0.1/x' }] }),
      ).toMatchObject({
        status: 400,
        body: { detail: containing('10.0.0.1') },
      });
      expect((await bob.get('/apis/render-jobs')).body['items']).toEqual([]);
    });

    it('keeps a suspended job queued until it is resumed', async () => {
      const { ann, clip } = scene();
      const spec = { inputs: [{ name: 'a', asset: clip }], operations: [{ trim: { end: 0.5 } }], suspend: true };
      const name = await submit(ann, spec);
      await vi.waitFor(async () => expect((await lookUp(ann, name)).status.reason).toBe('Suspended'), patience);
      expect((await ann.send('PATCH', `/apis/render-jobs/${name}`, { json: { suspend: false } })).status).toBe(200);
      await untilPhase(ann, name, 'Succeeded');
    });
  });
}
