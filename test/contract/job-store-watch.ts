import { describe, expect, it } from 'vitest';
import type { JobChange } from '../../src/ports/job-store.ts';
import type { Current } from './job-store-harness.ts';
import { newJob, readUntil, readUntilQuiet, statusIn } from './support.ts';

export function jobStoreWatch(current: Current): void {
  /** Runs `work` with a watch that ends afterwards. */
  async function watching(work: (changes: AsyncIterator<JobChange>) => Promise<void>): Promise<void> {
    const abort = new AbortController();
    try {
      await work(current().store.watch(abort.signal)[Symbol.asyncIterator]());
    } finally {
      abort.abort();
    }
  }

  const summaryOf = (changes: readonly JobChange[]): string[] =>
    changes.map(({ type, job }) => `${type} ${job.metadata.name} ${job.status?.phase ?? 'new'}`);

  describe('watch', () => {
    it('starts with the unfinished jobs and those that are being removed', async () => {
      const { store } = current();
      await store.create(newJob('new'));
      const { job: done } = await store.create(newJob('done'));
      await store.writeStatus(done.metadata, done.metadata.resourceVersion, statusIn('Succeeded'));
      await store.remove(done.metadata);
      await watching(async (changes) => {
        const read = await readUntilQuiet(changes);
        expect(summaryOf(read).toSorted()).toEqual(['put done Succeeded', 'put new new']);
      });
    });

    it('delivers a creation, each kind of write and the removal, in order', async () => {
      const { store } = current();
      await watching(async (changes) => {
        const { job } = await store.create(newJob('a'));
        const next = async (): Promise<JobChange[]> => readUntil(changes, () => true);
        expect(summaryOf(await next())).toEqual(['put a new']);
        const running = await store.writeStatus(job.metadata, job.metadata.resourceVersion, statusIn('Running'));
        expect((await next()).map((change) => change.job)).toEqual([running]);
        const patched = await store.patchSpec(job.metadata, running.metadata.resourceVersion, { cancelled: true });
        expect((await next()).map((change) => change.job)).toEqual([patched]);
        const ended = await store.writeStatus(job.metadata, patched.metadata.resourceVersion, statusIn('Cancelled'));
        expect((await next()).map((change) => change.job)).toEqual([ended]);
        await store.remove(job.metadata);
        expect((await next())[0]?.job.metadata.deletionTimestamp).toEqual(expect.any(String));
        await store.finalize(job.metadata, job.metadata.uid);
        expect(summaryOf(await next())).toEqual(['removed a Cancelled']);
      });
    });

    it('misses nothing that happens between its call and the first read', async () => {
      const { store } = current();
      await watching(async (changes) => {
        const { job } = await store.create(newJob('a'));
        await store.writeStatus(job.metadata, job.metadata.resourceVersion, statusIn('Failed'));
        const read = await readUntil(changes, (change) => change.job.status?.phase === 'Failed');
        expect(read.at(-1)?.type).toBe('put');
      });
    });

    it('gives a slow reader the latest state of each job, and versions that only rise', async () => {
      const { store } = current();
      await watching(async (changes) => {
        const { job } = await store.create(newJob('busy'));
        let latest = job;
        for (let index = 0; index < 200; index += 1) {
          latest = await store.writeStatus(
            job.metadata,
            latest.metadata.resourceVersion,
            statusIn('Running', { message: `${index}` }),
          );
        }
        await store.create(newJob('last'));
        const read = await readUntil(changes, (change) => change.job.metadata.name === 'last');
        const versions = read
          .filter((change) => change.job.metadata.name === 'busy')
          .map((change) => BigInt(change.job.metadata.resourceVersion));
        expect(versions.at(-1)).toBe(BigInt(latest.metadata.resourceVersion));
        expect(versions).toEqual(versions.toSorted((a, b) => (a < b ? -1 : 1)));
      });
    });

    it('delivers the removal of a job before a later job of the same name', async () => {
      const { store } = current();
      await watching(async (changes) => {
        const { job: first } = await store.create(newJob('a'));
        await readUntil(changes, ({ job }) => job.metadata.uid === first.metadata.uid);
        await store.finalize(first.metadata, first.metadata.uid);
        const { job: second } = await store.create(newJob('a'));
        const read = await readUntil(changes, ({ job }) => job.metadata.uid === second.metadata.uid);
        expect(read.map(({ type, job }) => [type, job.metadata.uid])).toEqual([
          ['removed', first.metadata.uid],
          ['put', second.metadata.uid],
        ]);
      });
    });

    it('delivers to every watcher', async () => {
      await watching(async (one) => {
        await watching(async (two) => {
          await current().store.create(newJob('a'));
          expect(summaryOf(await readUntil(one, () => true))).toEqual(['put a new']);
          expect(summaryOf(await readUntil(two, () => true))).toEqual(['put a new']);
        });
      });
    });

    it('ends when its signal is aborted, before or while it waits', async () => {
      const { store } = current();
      const before = await store.watch(AbortSignal.abort())[Symbol.asyncIterator]().next();
      expect(before.done).toBe(true);
      const abort = new AbortController();
      const waiting = store.watch(abort.signal)[Symbol.asyncIterator]().next();
      abort.abort();
      expect((await waiting).done).toBe(true);
    });
  });

  describe('health', () => {
    it('is synced and in contact once a watch has delivered its first state', async () => {
      const { store } = current();
      await store.create(newJob('a'));
      await watching(async (changes) => {
        await readUntil(changes, () => true);
        const { synced, lastContactMs } = store.health();
        expect(synced).toBe(true);
        expect(lastContactMs).toBeGreaterThanOrEqual(0);
      });
    });
  });
}
