import { describe, expect, it } from 'vitest';
import { JobIndex } from '../../../src/controller/admission/job-index.ts';
import { waitingFor } from '../../../src/controller/admission/waiting-reason.ts';
import type { Admission, Waiting } from '../../../src/controller/reconcile/decision.ts';
import type { RenderJob } from '../../../src/model/job/render-job.ts';
import { aJob, aStatus, epoch } from '../../support/jobs.ts';

const uid = aJob().metadata.uid;
const admitted: Admission = { admitted: true, pool: 'gpu' };
const pool = { pool: 'gpu', slots: 1, gpu: true };
const behind = (ahead: number): Waiting =>
  waitingFor({ uid, owner: 'ann', priority: 0, createdAt: epoch, acceleration: 'Required' }, [pool], [pool], {
    used: 1,
    ahead,
  });

function indexOf(...jobs: RenderJob[]): JobIndex {
  const index = new JobIndex();
  for (const job of jobs) index.put(job);
  return index;
}
const apply = (index: JobIndex, admission: Admission) => index.applyAdmissions(new Map([[uid, admission]]));

describe('the index of unfinished jobs', () => {
  it('reports an admission or a reason immediately, and a new queue position later', () => {
    const index = indexOf(aJob());
    expect(apply(index, behind(100))).toEqual([{ key: 'default/clip', admitted: false }]);
    expect(apply(index, behind(60))).toEqual([]);
    expect(index.takePositionUpdates(10)).toEqual([]);
    expect(apply(index, behind(50))).toEqual([]);
    expect(index.admission(uid)).toEqual(behind(100));
    expect(index.takePositionUpdates(10)).toEqual(['default/clip']);
    expect(index.admission(uid)).toEqual(behind(50));
    expect(index.takePositionUpdates(10)).toEqual([]);
    expect(apply(index, admitted)).toEqual([{ key: 'default/clip', admitted: true }]);
  });

  it('limits the number of queue positions that are updated in one batch', () => {
    const jobs = ['a', 'b', 'c'].map((name) => aJob({}, undefined, { name, uid: name }));
    const index = indexOf(...jobs);
    const all = (ahead: number) => new Map(jobs.map(({ metadata }) => [metadata.uid, behind(ahead)]));
    index.applyAdmissions(all(100));
    index.applyAdmissions(all(10));
    expect(index.takePositionUpdates(2)).toEqual(['default/a', 'default/b']);
    expect(index.takePositionUpdates(2)).toEqual(['default/c']);
  });

  it('releases a slot that could not be used', () => {
    const index = indexOf(aJob());
    apply(index, admitted);
    expect(index.queued(epoch)).toEqual([]);
    expect(index.holding('gpu')).toHaveLength(1);
    index.release(uid);
    expect(index.queued(epoch)).toHaveLength(1);
    expect(index.holding('gpu')).toEqual([]);
  });

  it('finds the pool in which a job holds its slot in its status', () => {
    const status = aStatus({
      phase: 'Running',
      attempt: 2,
      attempts: [
        { number: 1, pool: 'a' },
        { number: 2, pool: 'b' },
      ],
    });
    expect(indexOf(aJob({}, status)).holding('gpu')).toEqual([{ owner: 'default', pool: 'b' }]);
    const spec = aJob({ pool: 'c' }, aStatus({ phase: 'Running' }));
    expect(indexOf(spec).holding('gpu')).toEqual([{ owner: 'default', pool: 'c' }]);
  });

  it('counts a job that waits for Kueue as holding no slot, and one that runs as holding one', () => {
    const index = indexOf(aJob({ queue: 'films' }));
    apply(index, admitted);
    expect(index.holding('gpu')).toEqual([]);
    index.put(aJob({ queue: 'films' }, aStatus({ phase: 'Running', attempts: [{ number: 1, pool: 'gpu' }] })));
    expect(index.holding('gpu')).toHaveLength(1);
  });

  it('ignores the jobs of other controllers', () => {
    const managedBy = 'kueue.x-k8s.io/multikueue';
    const index = indexOf(aJob({ managedBy }));
    expect(index.queued(epoch)).toEqual([]);
    expect(indexOf(aJob({ managedBy }, aStatus({ phase: 'Running' }))).holding('gpu')).toEqual([]);
  });
});
