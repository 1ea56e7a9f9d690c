import { describe, expect, it } from 'vitest';
import { bounds } from '../../src/model/job/bounds.ts';
import { renderJob } from '../../src/model/job/render-job.ts';
import type { Current } from './job-store-harness.ts';
import { newJob, statusIn, trimSpec } from './support.ts';

export function jobStoreCreation(current: Current): void {
  describe('create', () => {
    it('creates a job of the model that is found by its name', async () => {
      const { store } = current();
      const { job, created, sameSpec } = await store.create(
        newJob('a', { owner: 'alice', annotations: { note: 'x' } }),
      );
      expect({ created, sameSpec }).toEqual({ created: true, sameSpec: true });
      expect(renderJob.parse(job)).toEqual(job);
      expect(job).toMatchObject({
        metadata: { name: 'a', namespace: 'media', generation: 1, annotations: { note: 'x' } },
        spec: trimSpec,
      });
      expect(job.status).toBeUndefined();
      expect(await store.get({ namespace: 'media', name: 'a' }, { fresh: true })).toEqual(job);
    });

    it('returns the existing job when the name is taken, and whether its spec is the same', async () => {
      const { store } = current();
      const first = await store.create(newJob('a'));
      const reordered = {
        operations: trimSpec.operations,
        inputs: [{ asset: 'clip.mp4', name: 'clip' }],
        priority: undefined,
      };
      expect(await store.create(newJob('a', { spec: reordered }))).toEqual({
        job: first.job,
        created: false,
        sameSpec: true,
      });
      const other = { ...trimSpec, priority: 5 };
      expect(await store.create(newJob('a', { spec: other }))).toEqual({
        job: first.job,
        created: false,
        sameSpec: false,
      });
    });

    it('keeps equal names of two namespaces apart', async () => {
      const { store } = current();
      const [one, two] = [await store.create(newJob('a')), await store.create(newJob('a', { namespace: 'other' }))];
      expect(two.created).toBe(true);
      expect(two.job.metadata.uid).not.toBe(one.job.metadata.uid);
    });

    it('creates one job in 50 simultaneous creations of one name', async () => {
      const { store } = current();
      const outcomes = await Promise.all(Array.from({ length: 50 }, async () => store.create(newJob('a'))));
      expect(outcomes.filter(({ created }) => created)).toHaveLength(1);
      expect(new Set(outcomes.map(({ job }) => job.metadata.uid)).size).toBe(1);
    });

    it('never exceeds the guard, however many creations run in parallel', async () => {
      const { store } = current();
      const guard = { owner: 'alice', maxUnfinished: 7 };
      const outcomes = await Promise.allSettled(
        Array.from({ length: 100 }, async (_, index) => store.create(newJob(`a-${index}`, { owner: 'alice' }), guard)),
      );
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(7);
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'QUEUE_DEPTH_EXCEEDED' });
      }
      expect(await store.count({ owner: 'alice' })).toBe(7);
    });

    it('counts only unfinished jobs of the owner for the guard', async () => {
      const { store } = current();
      const { job } = await store.create(newJob('done', { owner: 'alice' }));
      await store.writeStatus(job.metadata, job.metadata.resourceVersion, statusIn('Succeeded'));
      await store.create(newJob('others', { owner: 'bob' }));
      const guard = { owner: 'alice', maxUnfinished: 1 };
      expect((await store.create(newJob('next', { owner: 'alice' }), guard)).created).toBe(true);
      await expect(store.create(newJob('more', { owner: 'alice' }), guard)).rejects.toMatchObject({
        code: 'QUEUE_DEPTH_EXCEEDED',
      });
    });

    it('returns a job that exists even when the guard would reject a new one', async () => {
      const { store } = current();
      const guard = { owner: 'alice', maxUnfinished: 1 };
      await store.create(newJob('a', { owner: 'alice' }), guard);
      expect(await store.create(newJob('a', { owner: 'alice' }), guard)).toMatchObject({
        created: false,
        sameSpec: true,
      });
    });

    it('rejects a spec that does not fit into a stage spec', async () => {
      const { store } = current();
      const url = `https://media.example/${'x'.repeat(2000)}`;
      const spec = { inputs: Array.from({ length: 40 }, (_, index) => ({ name: `i${index}`, url })) };
      const rejection = await store.create(newJob('big', { spec })).catch((error: unknown) => error);
      expect(rejection).toMatchObject({ code: 'INVALID_REQUEST' });
      expect(String(rejection)).toContain(`${bounds.specBytes} bytes`);
      expect(await store.get({ namespace: 'media', name: 'big' })).toBeUndefined();
    });

    it('keeps texts unchanged, hostile ones included', async () => {
      const { store } = current();
      const text = `'; DROP TABLE job; -- "\u0000\u2028 𝄞 ${'é'.repeat(100)}`;
      const spec = { ...trimSpec, operations: [{ subtitle: { captions: [{ from: 0, to: 1, text }] } }] };
      await store.create(newJob('a', { spec, annotations: { 'example.com/note': text } }));
      const job = await store.get({ namespace: 'media', name: 'a' });
      expect(job?.spec).toEqual(spec);
      expect(job?.metadata.annotations).toEqual({ 'example.com/note': text });
    });
  });

  describe('get', () => {
    it('returns undefined for a name that does not exist', async () => {
      expect(await current().store.get({ namespace: 'media', name: 'absent' })).toBeUndefined();
      expect(await current().store.get({ namespace: '', name: '' })).toBeUndefined();
    });

    it('finds complete jobs after a restart', async () => {
      const harness = current();
      const { job } = await harness.store.create(newJob('a', { owner: 'alice' }));
      const written = await harness.store.writeStatus(
        job.metadata,
        job.metadata.resourceVersion,
        statusIn('Running', { attempt: 2 }),
      );
      const store = await harness.reopen();
      expect(await store.get(job.metadata)).toEqual(written);
    });
  });
}
