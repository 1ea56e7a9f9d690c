import { describe, expect, it } from 'vitest';
import { type Current, defaultTtlSeconds } from './job-store-harness.ts';
import { newJob, statusIn, trimSpec } from './support.ts';

const end = Date.parse('2026-03-01T12:00:00Z');

export function jobStoreRetention(current: Current): void {
  async function finished(name: string, atMs: number, ttlSecondsAfterFinished?: number) {
    const { store } = current();
    const { job } = await store.create(newJob(name, { spec: { ...trimSpec, ttlSecondsAfterFinished } }));
    const status = statusIn('Succeeded', { finishedAt: new Date(atMs).toISOString() });
    return store.writeStatus(job.metadata, job.metadata.resourceVersion, status);
  }

  async function expiredAt(now: number, limit = 10): Promise<string[]> {
    return (await current().store.listExpired(now, limit)).map(({ metadata }) => metadata.name);
  }

  describe('listExpired', () => {
    it('contains finished jobs after their own or the default retention time', async () => {
      await finished('usual', end);
      await finished('short', end, 10);
      await finished('none', end, 0);
      await current().store.create(newJob('unfinished'));
      expect(await expiredAt(end - 1)).toEqual([]);
      expect(await expiredAt(end)).toEqual(['none']);
      expect(await expiredAt(end + 10_000)).toEqual(['none', 'short']);
      expect(await expiredAt(end + defaultTtlSeconds * 1000 - 1)).toEqual(['none', 'short']);
      expect(await expiredAt(end + defaultTtlSeconds * 1000)).toEqual(['none', 'short', 'usual']);
      expect(await expiredAt(end + 1e9, 2)).toEqual(['none', 'short']);
    });

    it('uses a retention time that was changed after the end', async () => {
      const job = await finished('a', end);
      await current().store.patchSpec(job.metadata, job.metadata.resourceVersion, { ttlSecondsAfterFinished: 1 });
      expect(await expiredAt(end + 1000)).toEqual(['a']);
    });

    it('does not contain jobs that are being removed', async () => {
      const job = await finished('a', end, 0);
      await current().store.remove(job.metadata);
      expect(await expiredAt(end + 1)).toEqual([]);
    });
  });

  describe('remove and finalize', () => {
    it('first mark a job and then delete it', async () => {
      const { store } = current();
      const { job } = await store.create(newJob('a'));
      await store.remove(job.metadata);
      const marked = await store.get(job.metadata);
      expect(marked?.metadata.deletionTimestamp).toEqual(expect.any(String));
      expect(marked?.metadata.resourceVersion).not.toBe(job.metadata.resourceVersion);
      await store.remove(job.metadata);
      expect(await store.get(job.metadata)).toEqual(marked);
      await store.finalize(job.metadata, job.metadata.uid);
      expect(await store.get(job.metadata)).toBeUndefined();
    });

    it('accept a job that does not exist', async () => {
      const { store } = current();
      const absent = { namespace: 'media', name: 'absent' };
      await expect(store.remove(absent)).resolves.toBeUndefined();
      await expect(store.finalize(absent, 'no-uid')).resolves.toBeUndefined();
    });

    it('keep a later job of the same name', async () => {
      const { store } = current();
      const { job } = await store.create(newJob('a'));
      await store.remove(job.metadata, 'uid-of-an-earlier-one');
      await store.finalize(job.metadata, 'uid-of-an-earlier-one');
      expect(await store.get(job.metadata)).toEqual(job);
    });
  });
}
