import { describe, expect, it } from 'vitest';
import { JobWatchers } from '../../../src/adapters/sqlite/job-watch.ts';
import { CodedError } from '../../../src/errors/coded-error.ts';
import { apiVersion, type RenderJob } from '../../../src/model/job/render-job.ts';
import type { JobChange } from '../../../src/ports/job-store.ts';
import { readUntil, trimSpec } from '../../contract/support.ts';

const clock = { now: () => 0, monotonic: () => 0, sleep: async () => undefined };
const job: RenderJob = {
  apiVersion,
  kind: 'RenderJob',
  metadata: {
    name: 'a',
    namespace: 'media',
    uid: 'u1',
    resourceVersion: '1',
    generation: 1,
    creationTimestamp: '2026-03-01T12:00:00Z',
  },
  spec: trimSpec,
};

function watching(read: () => RenderJob): AsyncIterator<JobChange> {
  const changes = new JobWatchers({ clock, read }).watch(['u1'], new AbortController().signal);
  return changes[Symbol.asyncIterator]();
}

describe('JobWatchers', () => {
  it('delivers changes late but delivers them when the database fails for a while', async () => {
    let failures = 3;
    const read = () => {
      failures -= 1;
      if (failures >= 0) throw new CodedError('STORAGE_UNAVAILABLE', 'Expected a disk, but it is missing');
      return job;
    };
    const changes = watching(read);
    expect(await readUntil(changes, () => true)).toEqual([{ type: 'put', job }]);
    expect(failures).toBeLessThan(0);
  });

  it('does not hide a defect', async () => {
    const read = () => {
      throw new TypeError('a defect');
    };
    const changes = watching(read);
    await expect(changes.next()).rejects.toThrow('a defect');
  });

  it('reads a job when it is delivered, not when it changes', async () => {
    let reads = 0;
    const read = () => {
      reads += 1;
      return job;
    };
    const watchers = new JobWatchers({ clock, read });
    const changes = watchers.watch([], new AbortController().signal)[Symbol.asyncIterator]();
    for (let index = 0; index < 1000; index += 1) watchers.changed(job);
    await changes.next();
    expect(reads).toBe(1);
  });
});
