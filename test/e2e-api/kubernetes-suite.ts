import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { Client } from '../support/api-server.ts';
import { type Event, Stream } from '../support/event-stream.ts';
import { containing } from '../support/matchers.ts';
import { manifests } from '../support/service-account.ts';
import type { ClusterWorld } from './cluster-world.ts';
import { ServerProcess } from './server-process.ts';
import type { Scene } from './shared-suite.ts';
import { clientOf, framewright, lookUp, makeKey, patience, readJob, submit, untilPhase } from './world.ts';

const progress = z.object({ percent: z.number() });

/** What only a cluster has: kubectl beside REST, and several replicas of the API. */
export function kubernetesSuite(scene: () => Scene, world: () => ClusterWorld): void {
  const clipped = (more: object = {}): object => ({
    inputs: [{ name: 'a', asset: scene().clip }],
    operations: [{ trim: { end: 0.5 } }],
    ...more,
  });
  const apply = (name: string, labels: object, spec: object): Promise<string> =>
    world().run(
      ['apply', '-f', '-'],
      JSON.stringify({
        apiVersion: 'framewright.dev/v1alpha1',
        kind: 'RenderJob',
        metadata: { name, namespace: 'default', labels },
        spec,
      }),
    );

  describe('kubectl and REST', () => {
    it('see the same jobs: one that kubectl applies is in REST, for its owner and admins', async () => {
      const { ann, bob, boss, admin } = scene();
      await apply('by-hand', { 'framewright.dev/owner': 'ann' }, clipped());
      await apply('without-owner', {}, clipped({ suspend: true }));
      // Immediately: a lookup that misses the cache asks the API server.
      for (const client of [ann, boss, admin]) expect((await lookUp(client, 'by-hand')).metadata.name).toBe('by-hand');
      expect((await bob.get('/apis/render-jobs/by-hand')).status).toBe(404);
      for (const client of [ann, bob]) expect((await client.get('/apis/render-jobs/without-owner')).status).toBe(404);
      expect((await boss.get('/apis/render-jobs/without-owner')).status).toBe(200);
      expect((await ann.get('/apis/render-jobs?type=trim&limit=500')).text).toContain('by-hand');
      const { status } = await untilPhase(ann, 'by-hand', 'Succeeded');
      expect((await fetch(status.result?.outputs[0]?.url ?? '')).status).toBe(200);
      expect((await ann.get('/api/jobs/by-hand')).body).toMatchObject({ status: 'done' });
      await world().run(['delete', 'rj', 'by-hand', 'without-owner', '-n', 'default', '--timeout=60s']);
      await vi.waitFor(async () => expect((await ann.get('/apis/render-jobs/by-hand')).status).toBe(404), patience);
    });

    it('change the same jobs: kubectl shows, cancels and explains those that REST creates', async () => {
      const { ann } = scene();
      const name = await submit(ann, clipped({ suspend: true, priority: 7 }));
      await expect
        .poll(() => world().run(['get', 'rj', name, '-n', 'default', '--no-headers']), patience)
        .toMatch(/Queued +trim/);
      expect(
        await world().run(['get', 'rj', '-n', 'default', '-l', 'framewright.dev/owner=ann', '-o', 'name']),
      ).toContain(name);
      const patch = JSON.stringify({ spec: { cancelled: true } });
      await world().run(['patch', 'rj', name, '-n', 'default', '--type=merge', '-p', patch]);
      await untilPhase(ann, name, 'Cancelled');
      expect((await ann.send('DELETE', `/apis/render-jobs/${name}`)).status).toBe(202);
    });
  });

  describe('two replicas of the API', () => {
    let second: ServerProcess;
    const other = (client: Client): Client => new Client(second.url, client.key);

    it('serve each other’s jobs, files and keys without talking to each other', async () => {
      second = await world().replica();
      const { ann, clip } = scene();
      const there = other(ann);
      const name = await submit(ann, clipped({ suspend: true }));
      // Immediately; lists may lag.
      expect((await lookUp(there, name)).metadata.name).toBe(name);
      await expect.poll(async () => (await there.get('/apis/render-jobs?limit=500')).text, patience).toContain(name);
      expect((await there.get('/api/assets')).text).toContain(clip);

      const headers = { 'idempotency-key': `anywhere-${Date.now()}` };
      const replies = await Promise.all(
        [ann, there, ann, there, there, ann].map((client) =>
          client.post('/apis/render-jobs', clipped({ suspend: true }), headers),
        ),
      );
      expect(replies.filter(({ status }) => status === 201)).toHaveLength(1);
      expect(new Set(replies.map(({ body }) => readJob(body).metadata.uid)).size).toBe(1);
      const twin = readJob(replies[0]?.body).metadata.name;

      const patches = await Promise.all(
        [ann, there, ann, there].map((client, n) =>
          client.send('PATCH', `/apis/render-jobs/${name}`, { json: { labels: { [`l${n}`]: 'x' } } }),
        ),
      );
      expect(patches.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
      await expect
        .poll(async () => (await there.get(`/apis/render-jobs/${name}`)).body, patience)
        .toMatchObject({ metadata: { labels: { l0: 'x', l1: 'x', l2: 'x', l3: 'x' } } });
      expect((await there.send('POST', `/apis/render-jobs/${name}/cancel`)).status).toBe(200);
      await untilPhase(ann, name, 'Cancelled');
      for (const gone of [name, twin])
        expect((await there.send('DELETE', `/apis/render-jobs/${gone}`)).status).toBe(202);

      const key = await makeKey(world(), 'ann', 'user');
      const clients = await Promise.all([world().url, second.url].map((url) => clientOf(url, key)));
      await framewright('keys', 'revoke', key.id, ...world().keyArguments);
      for (const client of clients)
        await expect.poll(async () => (await client.get('/api/jobs')).status, patience).toBe(401);
    });

    it('replace each other: the stream of a killed replica resumes at the other', async () => {
      const { ann, film } = scene();
      const spec = {
        inputs: [{ name: 'a', asset: film }],
        operations: [{ blur: { regions: [{ x: 0, y: 0, width: 200, height: 200 }] } }],
      };
      const name = await submit(ann, spec);
      const before: Event[] = [];
      await using stream = await Stream.open({ url: second.url, key: ann.key }, name);
      while (before.at(-1)?.event !== 'progress') {
        const event = await stream.next();
        expect(event).toBeDefined();
        if (event !== undefined) before.push(event);
      }
      const cut = stream.next().then(
        () => 'an event',
        () => 'cut off',
      );
      await second.end('SIGKILL');
      await cut;

      await using again = await Stream.open(ann, name, before.at(-1)?.id);
      const after: Event[] = [];
      for (let event = await again.next(); event !== undefined; event = await again.next()) after.push(event);
      const ids = new Set(before.map(({ id }) => id));
      expect(after.filter(({ id }) => ids.has(id))).toEqual([]);
      const percents = [...before, ...after]
        .filter(({ event }) => event === 'progress')
        .map(({ data }) => progress.parse(JSON.parse(data)).percent);
      expect(percents).toEqual(percents.toSorted((a, b) => a - b));
      expect(readJob(JSON.parse(after.at(-1)?.data ?? '')).status.phase).toBe('Succeeded');
    });

    it('end their streams gracefully when they are stopped', async () => {
      const { ann } = scene();
      const third = await world().replica();
      const name = await submit(ann, clipped({ suspend: true }));
      await using stream = await Stream.open({ url: third.url, key: ann.key }, name);
      const first = await stream.next();
      expect(first?.event).toBe('job');
      const code = third.end('SIGTERM');
      while ((await stream.next()) !== undefined);
      expect(await code).toBe(0);
      expect((await ann.send('DELETE', `/apis/render-jobs/${name}`)).status).toBe(202);
    });
  });

  describe('framewright api', () => {
    it('exits with the missing RBAC rules and what to apply when it lacks them', async () => {
      await world().run(['create', 'serviceaccount', 'stranger', '-n', 'framewright']);
      const environment = await world().account('stranger');
      await expect(ServerProcess.start('api', { ...environment, FRAMEWRIGHT_PORT: '0' })).rejects.toThrow(
        /every RBAC rule, these are missing: .*list secrets in framewright.*manifests\/operator\/rbac-api\.yaml/s,
      );
    });

    it('does not plan without FFmpeg, and names what is missing', async () => {
      const { ann } = scene();
      const bare = await world().replica({
        FRAMEWRIGHT_FFMPEG: '/nowhere/ffmpeg',
        FRAMEWRIGHT_FFPROBE: '/nowhere/ffprobe',
      });
      const reply = await new Client(bare.url, ann.key).post('/apis/render-jobs:plan', clipped());
      expect(reply).toMatchObject({
        status: 501,
        body: { code: 'UNSUPPORTED', detail: containing('ffmpeg'), remedy: containing('FRAMEWRIGHT_FFMPEG') },
      });
      await bare.end('SIGKILL');
    });

    it('has a manifest that the API server accepts and that its namespace admits', async () => {
      const file = join(manifests, 'deployment-api.yaml');
      const taken = await world().run(['apply', '--dry-run=server', '--warnings-as-errors', '-f', file]);
      expect(taken.match(/\(server dry run\)/g)).toHaveLength(3);
    });

    it('never logs a key', () => {
      const { ann, admin } = scene();
      for (const { key } of [ann, admin]) expect(world().api.output).not.toContain(key);
    });

    it('is degraded when no operator is the leader, and still serves', async () => {
      const { ann } = scene();
      expect(await world().operator.end('SIGTERM')).toBe(0);
      await expect
        .poll(async () => (await new Client(world().url, '').get('/health')).body, patience)
        .toMatchObject({
          status: 'degraded',
          kubernetes: true,
          nats: true,
          error: containing('No operator is the leader'),
        });
      expect((await new Client(world().url, '').get('/readyz')).status).toBe(200);
      const name = await submit(ann, clipped());
      expect((await lookUp(ann, name)).status.phase).toBe('Queued');
    });

    it('serves cached jobs while the API server is unavailable, rejects the rest with 503, and stops', async () => {
      const { ann, admin, clip } = scene();
      const name = await submit(ann, clipped({ suspend: true }));
      await expect.poll(async () => (await ann.get('/apis/render-jobs?limit=500')).text, patience).toContain(name);
      world().killApiServer();
      expect((await lookUp(ann, name)).metadata.name).toBe(name);
      expect((await admin.get('/apis/render-jobs')).text).toContain(name);
      expect((await fetch(`${world().url}/assets/${clip}`)).status).toBe(200);
      for (const reply of [
        await ann.post('/apis/render-jobs', clipped()),
        await ann.send('POST', `/apis/render-jobs/${name}/cancel`),
        await ann.get('/apis/render-jobs/unknown'),
      ]) {
        expect(reply).toMatchObject({ status: 503, body: { code: 'SERVICE_UNAVAILABLE' } });
        expect(Number(reply.headers.get('retry-after'))).toBeGreaterThan(0);
      }
      // It is looked up every few seconds at most.
      await expect
        .poll(async () => (await new Client(world().url, '').get('/health')).body, patience)
        .toMatchObject({ status: 'degraded', kubernetes: false, error: containing('Kubernetes API unavailable') });
      expect(await world().api.end('SIGTERM')).toBe(0);
    });
  });
}
