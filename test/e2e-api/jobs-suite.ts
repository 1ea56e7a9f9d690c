import { describe, expect, it } from 'vitest';
import { rejections, unreadableBodies } from '../api/native/rejections.ts';
import type { Client } from '../support/api-server.ts';
import { anyText } from '../support/matchers.ts';
import type { Scene } from './shared-suite.ts';
import { lookUp, patience, readJob, submit, untilPhase } from './world.ts';

/** Jobs that are created, rejected, listed, changed and deleted: suspended ones, so that nothing renders. */
export function jobsSuite(scene: () => Scene): void {
  const held = (more: object = {}): object => ({
    inputs: [{ name: 'main', asset: scene().clip }],
    operations: [{ mute: {} }],
    suspend: true,
    ...more,
  });
  const manifest = (metadata: object = {}): object => ({
    apiVersion: 'framewright.dev/v1alpha1',
    kind: 'RenderJob',
    metadata,
    spec: held(),
  });
  const drop = (client: Client, names: readonly string[]): Promise<unknown> =>
    Promise.all(names.map((name) => client.send('DELETE', `/apis/render-jobs/${name}`)));

  /** Removed ones count until they are gone. */
  const none = async (client: Client): Promise<void> => {
    await expect.poll(async () => (await client.get('/apis/render-jobs')).body['items'], patience).toEqual([]);
  };

  describe('creating jobs', () => {
    it('rejects invalid ones with a problem that names the field', async () => {
      const { ann, world } = scene();
      const spec = { inputs: [{ name: 'main', asset: scene().clip }], operations: [{ mute: {} }] };
      for (const [name, body, status, code, path] of rejections(manifest, spec)) {
        if (world.takes.includes(name)) continue;
        const reply = await ann.post('/apis/render-jobs', body);
        expect([name, reply.status, reply.body['code']]).toEqual([name, status, code]);
        expect(reply.headers.get('content-type')).toContain('application/problem+json');
        expect(JSON.stringify(reply.body['details'])).toContain(JSON.stringify(path));
      }
      for (const [name, body, type] of unreadableBodies) {
        const reply = await ann.send('POST', '/apis/render-jobs', { body, headers: { 'content-type': type } });
        expect([name, reply.status, reply.body['code']]).toEqual([name, 400, 'INVALID_REQUEST']);
      }
      expect(await ann.post('/api/trim', { videoUrl: '/assets/nowhere.mp4', start: 0 })).toMatchObject({ status: 400 });
    });

    it('creates one for many requests with one Idempotency-Key, and rejects another body with it', async () => {
      const { ann, bob } = scene();
      const headers = { 'idempotency-key': `once-${Date.now()}` };
      const replies = await Promise.all(
        Array.from({ length: 8 }, () => ann.post('/apis/render-jobs', held(), headers)),
      );
      expect(replies.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
        ...Array<number>(7).fill(200),
        201,
      ]);
      const names = new Set(replies.map(({ body }) => readJob(body).metadata.name));
      expect(names.size).toBe(1);
      expect(await ann.post('/apis/render-jobs', held({ priority: 1 }), headers)).toMatchObject({
        status: 422,
        body: { code: 'IDEMPOTENCY_MISMATCH' },
      });
      // The keys of others are others.
      const other = await bob.post('/apis/render-jobs', held(), headers);
      expect(other.status).toBe(201);
      await drop(ann, [...names]);
      await drop(bob, [readJob(other.body).metadata.name]);
    });

    it('rejects a name that is in use, and more unfinished jobs than the limit of the owner', async () => {
      const { bob } = scene();
      await none(bob);
      expect((await bob.post('/apis/render-jobs', manifest({ name: 'taken' }))).status).toBe(201);
      expect(await bob.post('/apis/render-jobs', manifest({ name: 'taken' }))).toMatchObject({
        status: 409,
        body: { code: 'CONFLICT', remedy: anyText },
      });
      const replies = await Promise.all(Array.from({ length: 25 }, () => bob.post('/apis/render-jobs', held())));
      const made = replies.filter(({ status }) => status === 201);
      expect(made).toHaveLength(19);
      const rejected = replies.find(({ status }) => status === 409);
      expect(rejected?.body).toMatchObject({ code: 'QUEUE_DEPTH_EXCEEDED' });
      expect(Number(rejected?.headers.get('retry-after'))).toBeGreaterThan(0);
      await drop(bob, ['taken', ...made.map(({ body }) => readJob(body).metadata.name)]);
      await none(bob);
    });
  });

  describe('queued jobs', () => {
    it('are listed newest first, page by page, and by filters', async () => {
      const { bob } = scene();
      await none(bob);
      const names = [await submit(bob, held()), await submit(bob, held({ operations: [{ trim: { end: 0.5 } }] }))];
      const between = Date.now();
      names.push(await submit(bob, held({ operations: [] })));
      const list = async (query: string) => {
        const { body } = await bob.get(`/apis/render-jobs?${query}`);
        return { names: [body['items']].flat().map((item) => readJob(item).metadata.name), cursor: body['cursor'] };
      };
      await expect.poll(async () => (await list('')).names, patience).toEqual(names.toReversed());
      const first = await list('limit=2');
      const second = await list(`limit=2&cursor=${String(first.cursor)}`);
      expect([...first.names, ...second.names]).toEqual(names.toReversed());
      expect(second.cursor).toBeUndefined();
      expect((await list('type=trim')).names).toEqual([names[1]]);
      expect((await list('phase=Running,Succeeded')).names).toEqual([]);
      expect((await list(`text=${(names[2] ?? '').toUpperCase()}`)).names).toEqual([names[2]]);
      expect((await list('since=2020-01-01T00:00:00Z')).names).toHaveLength(3);
      expect((await list(`since=${between}`)).names).toEqual([names[2]]);
      expect((await list('owner=ann')).names).toEqual([]);
      for (const wrong of ['limit=0', 'phase=Done', 'cursor=%00', 'sort=name'])
        expect((await bob.get(`/apis/render-jobs?${wrong}`)).status).toBe(400);
      const edit = await bob.get('/api/jobs?limit=2');
      expect(edit.body).toMatchObject({ maxWorkers: 2, isTeamOwner: false });
      expect(edit.headers.get('link')).toContain('rel="next"');
      await drop(bob, names);
    });

    it('change their priority and labels, also by many clients in parallel, and nothing else', async () => {
      const { ann } = scene();
      const name = await submit(ann, held());
      const patch = (json: unknown) => ann.send('PATCH', `/apis/render-jobs/${name}`, { json });
      const replies = await Promise.all(Array.from({ length: 12 }, (_, n) => patch({ labels: { [`l${n}`]: 'x' } })));
      expect(replies.map(({ status }) => status)).toEqual(Array(12).fill(200));
      expect(await patch({ priority: 9 })).toMatchObject({ status: 200, body: { spec: { priority: 9 } } });
      expect((await ann.get(`/apis/render-jobs/${name}`)).body).toMatchObject({
        spec: { priority: 9, suspend: true },
        metadata: { labels: { l0: 'x', l11: 'x' } },
      });
      for (const wrong of [{}, { priority: 101 }, { inputs: [] }, { labels: { 'framewright.dev/owner': 'x' } }])
        expect(await patch(wrong)).toMatchObject({ status: 400, body: { code: 'INVALID_REQUEST' } });
      await drop(ann, [name]);
    });

    it('are cancelled by each API, again without effect, and then cannot be changed', async () => {
      const { ann } = scene();
      const names = [await submit(ann, held()), await submit(ann, held())];
      const [native = '', edit = ''] = names;
      expect((await ann.send('POST', `/apis/render-jobs/${native}/cancel`)).status).toBe(200);
      expect(await ann.send('DELETE', `/api/jobs/${edit}`)).toMatchObject({
        status: 200,
        body: { jobId: edit, status: 'cancelled' },
      });
      for (const name of names) {
        await untilPhase(ann, name, 'Cancelled');
        expect((await ann.send('POST', `/apis/render-jobs/${name}/cancel`)).status).toBe(200);
        expect((await ann.get(`/api/jobs/${name}`)).body).toMatchObject({ jobId: name, status: 'cancelled' });
      }
      expect(await ann.send('PATCH', `/apis/render-jobs/${native}`, { json: { suspend: false } })).toMatchObject({
        status: 409,
        body: { code: 'CONFLICT' },
      });
      await drop(ann, names);
      for (const name of names)
        await expect.poll(async () => (await ann.get(`/apis/render-jobs/${name}`)).status, patience).toBe(404);
    });

    it('keep their files: those cannot be deleted before them', async () => {
      const { ann, clip } = scene();
      const name = await submit(ann, held());
      expect(await ann.send('DELETE', `/api/assets/${clip}`)).toMatchObject({ status: 409 });
      const unchanged = await ann.get(`/apis/render-jobs/${name}`);
      const etag = unchanged.headers.get('etag') ?? '';
      await expect.poll(async () => (await lookUp(ann, name)).status.reason, patience).toBe('Suspended');
      expect(etag).not.toBe('');
      const settled = await ann.get(`/apis/render-jobs/${name}`);
      expect(
        (await ann.get(`/apis/render-jobs/${name}`, { 'if-none-match': settled.headers.get('etag') ?? '' })).status,
      ).toBe(304);
      await drop(ann, [name]);
    });
  });
}
