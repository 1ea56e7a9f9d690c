import { describe, expect, it } from 'vitest';
import { Client } from '../support/api-server.ts';
import type { Scene } from './shared-suite.ts';
import { clientOf, framewright, lookUp, patience, submit } from './world.ts';

/** Keys, roles, files of others, health. */
export function accessSuite(scene: () => Scene): void {
  describe('access', () => {
    it('rejects requests without a key, with a malformed one, and with a revoked one', async () => {
      const { world, spare } = scene();
      for (const key of ['', 'fwk_unknown0_x', `${spare.key.slice(0, -1)}_`]) {
        expect(await new Client(world.url, key).get('/api/jobs')).toMatchObject({ status: 401 });
      }
      const client = await clientOf(world.url, spare);
      const list = await framewright('keys', 'list', ...world.keyArguments);
      expect(list).toContain(spare.id);
      expect(list).not.toContain(spare.key);
      await framewright('keys', 'revoke', spare.id, ...world.keyArguments);
      await expect.poll(async () => (await client.get('/api/jobs')).status, patience).toBe(401);
    });

    it('shows a job to its owner, the team owner and an admin; others get 404', async () => {
      const { ann, bob, boss, admin, clip } = scene();
      const name = await submit(ann, { inputs: [{ name: 'a', asset: clip }], suspend: true });
      for (const client of [ann, boss, admin]) expect((await lookUp(client, name)).metadata.name).toBe(name);
      expect(await bob.get(`/apis/render-jobs/${name}`)).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
      expect(await bob.send('POST', `/apis/render-jobs/${name}/cancel`)).toMatchObject({ status: 404 });
      const listed = async (client: Client) => (await client.get('/apis/render-jobs?limit=500')).text;
      await expect.poll(() => listed(boss), patience).toContain(name);
      expect(await listed(bob)).not.toContain(name);
      expect((await ann.send('DELETE', `/apis/render-jobs/${name}`)).status).toBe(202);
    });

    it('lists uploaded files to those who may see them, and serves them to any client with the URL', async () => {
      const { world, ann, bob, boss, clip } = scene();
      const names = async (client: Client) => (await client.get('/api/assets')).text;
      expect(await names(ann)).toContain(clip);
      expect(await names(boss)).toContain(clip);
      expect(await names(bob)).not.toContain(clip);
      expect(await bob.send('DELETE', `/api/assets/${clip}`)).toMatchObject({ status: 403 });
      const part = await fetch(`${world.url}/assets/${clip}`, { headers: { range: 'bytes=4-7' } });
      expect([part.status, await part.text()]).toEqual([206, 'ftyp']);
    });

    it('reports that it is healthy', async () => {
      const { world } = scene();
      const health = await new Client(world.url, '').get('/health');
      expect(health).toMatchObject({ status: 200, body: { status: 'ok', redis: true, workers: 2, qsv: false } });
      for (const probe of ['/livez', '/readyz'])
        expect(await new Client(world.url, '').get(probe)).toMatchObject({ status: 200, body: { status: 'ok' } });
      const metrics = await new Client(world.url, '').get('/metrics');
      expect(metrics.text).toMatch(/^framewright_jobs\{phase="Succeeded"\} \d+$/m);
      expect(metrics.text).toMatch(/^framewright_workers\{state="maximum"\} 2$/m);
      expect((await new Client(world.url, '').get('/openapi.json')).body).toMatchObject({ openapi: '3.1.0' });
    });
  });
}
