import { describe, expect, it } from 'vitest';
import type { RenderJobStatus } from '../../src/model/job/render-job.ts';
import type { JobFilter, JobStore } from '../../src/ports/job-store.ts';
import type { Current } from './job-store-harness.ts';
import { newJob, statusIn, trimSpec } from './support.ts';

export function jobStoreListing(current: Current): void {
  async function inStatus(store: JobStore, name: string, status: RenderJobStatus): Promise<void> {
    const { job } = await store.create(newJob(name));
    await store.writeStatus(job.metadata, job.metadata.resourceVersion, status);
  }

  async function names(filter: JobFilter): Promise<string[]> {
    const { store } = current();
    const { jobs } = await store.list(filter);
    expect(await store.count(filter)).toBe(jobs.length);
    return jobs.map(({ metadata }) => metadata.name);
  }

  describe('list and count', () => {
    it('list the newest first', async () => {
      for (const name of ['one', 'two', 'three']) await current().store.create(newJob(name));
      expect(await names({})).toEqual(['three', 'two', 'one']);
    });

    it('filter by namespace, owner and type', async () => {
      const { store } = current();
      await store.create(newJob('a', { owner: 'alice' }));
      await store.create(newJob('b', { owner: 'bob', namespace: 'other' }));
      await store.create(
        newJob('c', { owner: 'alice', spec: { inputs: trimSpec.inputs, operations: [{ mute: {} }] } }),
      );
      expect(await names({ namespace: 'other' })).toEqual(['b']);
      expect(await names({ owner: 'alice' })).toEqual(['c', 'a']);
      expect(await names({ type: 'trim' })).toEqual(['b', 'a']);
      expect(await names({ type: 'trim', owner: 'alice', namespace: 'media' })).toEqual(['a']);
      expect(await names({ owner: "alice' OR '1'='1" })).toEqual([]);
    });

    it('filter by phase, a job without a status being queued', async () => {
      const { store } = current();
      await store.create(newJob('new'));
      await inStatus(store, 'running', statusIn('Running'));
      await inStatus(store, 'failed', statusIn('Failed'));
      expect(await names({ phases: ['Queued'] })).toEqual(['new']);
      expect(await names({ phases: ['Failed', 'Running'] })).toEqual(['failed', 'running']);
      expect(await names({ phases: [] })).toEqual([]);
    });

    it('filter by part of the name in any case, where wildcards are literal', async () => {
      const { store } = current();
      for (const name of ['holiday-cut', 'cut-2', 'other']) await store.create(newJob(name));
      expect(await names({ text: 'CUT' })).toEqual(['cut-2', 'holiday-cut']);
      expect(await names({ text: '%' })).toEqual([]);
      expect(await names({ text: '_' })).toEqual([]);
    });

    it('filter by the node of any attempt', async () => {
      const { store } = current();
      const attempts = [
        { number: 1, node: 'gpu-1' },
        { number: 2, node: 'gpu-2' },
      ];
      await inStatus(store, 'moved', statusIn('Running', { attempt: 2, attempts }));
      await inStatus(store, 'stayed', statusIn('Running', { attempts: attempts.slice(0, 1) }));
      await store.create(newJob('new'));
      expect(await names({ node: 'gpu-2' })).toEqual(['moved']);
      expect(await names({ node: 'gpu-1' })).toEqual(['stayed', 'moved']);
      expect(await names({ node: 'gpu' })).toEqual([]);
    });

    it('filter by an asset that an input refers to', async () => {
      const { store } = current();
      const using = (...assets: readonly string[]) => ({
        spec: { inputs: assets.map((asset, index) => ({ name: `input-${index}`, asset })), operations: [{ mute: {} }] },
      });
      await store.create(newJob('first', using('a.mp4')));
      await store.create(newJob('both', using('b.mp4', 'a.mp4')));
      await store.create(newJob('url'));
      expect(await names({ asset: 'a.mp4' })).toEqual(['both', 'first']);
      expect(await names({ asset: 'b.mp4', phases: ['Queued'] })).toEqual(['both']);
      expect(await names({ asset: 'a.mp' })).toEqual([]);
    });

    it('filter by the time of creation, its instant included', async () => {
      const { store } = current();
      const { job } = await store.create(newJob('a'));
      const created = Date.parse(job.metadata.creationTimestamp);
      expect(await names({ since: created })).toEqual(['a']);
      expect(await names({ since: created + 60_000 })).toEqual([]);
    });

    it('page through all jobs once, however many are created in between', async () => {
      const { store } = current();
      for (let index = 0; index < 10; index += 1) await store.create(newJob(`old-${index}`));
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await store.list({}, { limit: 3, ...(cursor === undefined ? {} : { cursor }) });
        seen.push(...page.jobs.map(({ metadata }) => metadata.name));
        cursor = page.cursor;
        await store.create(newJob(`new-${seen.length}`));
      } while (cursor !== undefined);
      expect(seen).toEqual(Array.from({ length: 10 }, (_, index) => `old-${9 - index}`));
    });

    it('give no cursor with a last page that is exactly full', async () => {
      const { store } = current();
      for (const name of ['a', 'b']) await store.create(newJob(name));
      expect((await store.list({}, { limit: 2 })).cursor).toBeUndefined();
    });

    it('skip as many jobs as the offset', async () => {
      for (const name of ['a', 'b', 'c']) await current().store.create(newJob(name));
      const { jobs } = await current().store.list({}, { limit: 1, offset: 1 });
      expect(jobs.map(({ metadata }) => metadata.name)).toEqual(['b']);
    });

    it.each(['', 'x', '../..', 'c2VxOi0x', '💥'])('reject the cursor %j, which is not from a page', async (cursor) => {
      await expect(current().store.list({}, { cursor })).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
    });
  });
}
