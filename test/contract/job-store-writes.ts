import { describe, expect, it } from 'vitest';
import { labels } from '../../src/model/labels.ts';
import { phases, terminalPhases } from '../../src/model/status/lifecycle.ts';
import { ConflictError, NotFoundError } from '../../src/ports/job-store.ts';
import type { Current } from './job-store-harness.ts';
import { newJob, statusIn, trimSpec } from './support.ts';

export function jobStoreWrites(current: Current): void {
  async function made(name = 'a') {
    return (await current().store.create(newJob(name, { owner: 'alice' }))).job;
  }

  describe('patchSpec', () => {
    it('changes the named members, keeps the others and raises the generation', async () => {
      const job = await made();
      const patched = await current().store.patchSpec(job.metadata, job.metadata.resourceVersion, {
        priority: 9,
        cancelled: true,
      });
      expect(patched.spec).toEqual({ ...trimSpec, priority: 9, cancelled: true });
      expect(patched.metadata.generation).toBe(2);
      expect(patched.metadata.resourceVersion).not.toBe(job.metadata.resourceVersion);
      expect(await current().store.get(job.metadata)).toEqual(patched);
    });

    it('sets and removes labels without a new generation', async () => {
      const job = await made();
      const added = await current().store.patchSpec(job.metadata, job.metadata.resourceVersion, {
        labels: { team: 'x' },
      });
      expect(added.metadata).toMatchObject({ generation: 1, labels: { team: 'x', [labels.owner]: 'alice' } });
      const removed = await current().store.patchSpec(job.metadata, added.metadata.resourceVersion, {
        labels: { team: null },
      });
      expect(removed.metadata.labels).toEqual({ [labels.owner]: 'alice' });
      expect(await current().store.get(job.metadata)).toEqual(removed);
    });

    it('writes nothing when nothing changes', async () => {
      const job = await made();
      expect(await current().store.patchSpec(job.metadata, job.metadata.resourceVersion, {})).toEqual(job);
    });

    it('accepts one of two patches from the same version and rejects the other', async () => {
      const job = await made();
      const patch = async (priority: number) =>
        current().store.patchSpec(job.metadata, job.metadata.resourceVersion, { priority });
      const outcomes = await Promise.allSettled([patch(1), patch(2)]);
      expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
      const rejected = outcomes.find((outcome) => outcome.status === 'rejected');
      expect(rejected?.reason).toBeInstanceOf(ConflictError);
    });
  });

  describe('writeStatus', () => {
    it('replaces the whole status and keeps spec and generation', async () => {
      const job = await made();
      const first = await current().store.writeStatus(
        job.metadata,
        job.metadata.resourceVersion,
        statusIn('Starting', { type: 'trim' }),
      );
      const second = await current().store.writeStatus(
        job.metadata,
        first.metadata.resourceVersion,
        statusIn('Running'),
      );
      expect(second.status).toEqual(statusIn('Running'));
      expect(second.spec).toEqual(job.spec);
      expect(second.metadata.generation).toBe(1);
      expect(await current().store.get(job.metadata)).toEqual(second);
    });

    it('writes nothing when the status is the same', async () => {
      const job = await made();
      const first = await current().store.writeStatus(job.metadata, job.metadata.resourceVersion, statusIn('Queued'));
      const again = await current().store.writeStatus(job.metadata, first.metadata.resourceVersion, statusIn('Queued'));
      expect(again.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    });

    it('rejects a version that is not the latest', async () => {
      const job = await made();
      await current().store.patchSpec(job.metadata, job.metadata.resourceVersion, { suspend: true });
      const late = current().store.writeStatus(job.metadata, job.metadata.resourceVersion, statusIn('Running'));
      await expect(late).rejects.toBeInstanceOf(ConflictError);
      expect((await current().store.get(job.metadata))?.status).toBeUndefined();
    });

    it('reports a deleted job', async () => {
      const job = await made();
      await current().store.finalize(job.metadata, job.metadata.uid);
      const { resourceVersion } = job.metadata;
      await expect(
        current().store.writeStatus(job.metadata, resourceVersion, statusIn('Running')),
      ).rejects.toBeInstanceOf(NotFoundError);
      await expect(current().store.patchSpec(job.metadata, resourceVersion, { priority: 1 })).rejects.toBeInstanceOf(
        NotFoundError,
      );
    });

    it.each(terminalPhases)('never replaces the phase %s', async (terminal) => {
      const job = await made();
      const ended = await current().store.writeStatus(job.metadata, job.metadata.resourceVersion, statusIn(terminal));
      for (const phase of phases.filter((other) => other !== terminal)) {
        const change = current().store.writeStatus(job.metadata, ended.metadata.resourceVersion, statusIn(phase));
        await expect(change).rejects.toBeInstanceOf(ConflictError);
      }
      const marked = statusIn(terminal, { message: 'With a mark.' });
      const written = await current().store.writeStatus(job.metadata, ended.metadata.resourceVersion, marked);
      expect(written.status).toEqual(marked);
    });

    it('rejects a transition that no phase allows', async () => {
      const job = await made();
      const running = await current().store.writeStatus(
        job.metadata,
        job.metadata.resourceVersion,
        statusIn('Running'),
      );
      const back = current().store.writeStatus(job.metadata, running.metadata.resourceVersion, statusIn('Starting'));
      await expect(back).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
    });

    it('rejects a status over its limit', async () => {
      const job = await made();
      const status = statusIn('Running', { message: 'x'.repeat(2_000_000) });
      const write = current().store.writeStatus(job.metadata, job.metadata.resourceVersion, status);
      await expect(write).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
    });
  });

  it('gives a job that is created again under a name a later version and another uid', async () => {
    const job = await made();
    await current().store.finalize(job.metadata, job.metadata.uid);
    const again = await made();
    expect(again.metadata.uid).not.toBe(job.metadata.uid);
    expect(BigInt(again.metadata.resourceVersion)).toBeGreaterThan(BigInt(job.metadata.resourceVersion));
  });
}
