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
const take = (index: JobIndex, admission: Admission) => index.takeVerdicts(new Map([[uid, admission]]));

describe('the index of unfinished jobs', () => {
  it('lets a job hear at once that it may start or why it may not, and later how many are ahead', () => {
    const index = indexOf(aJob());
    expect(take(index, behind(100))).toEqual([{ key: 'default/clip', admitted: false }]);
    expect(take(index, behind(60))).toEqual([]);
    expect(index.takeWaitingNews(10)).toEqual([]);
    expect(take(index, behind(50))).toEqual([]);
    expect(index.verdict(uid)).toEqual(behind(100));
    expect(index.takeWaitingNews(10)).toEqual(['default/clip']);
    expect(index.verdict(uid)).toEqual(behind(50));
    expect(index.takeWaitingNews(10)).toEqual([]);
    expect(take(index, admitted)).toEqual([{ key: 'default/clip', admitted: true }]);
  });

  it('tells so many at a time', () => {
    const jobs = ['a', 'b', 'c'].map((name) => aJob({}, undefined, { name, uid: name }));
    const index = indexOf(...jobs);
    const all = (ahead: number) => new Map(jobs.map(({ metadata }) => [metadata.uid, behind(ahead)]));
    index.takeVerdicts(all(100));
    index.takeVerdicts(all(10));
    expect(index.takeWaitingNews(2)).toEqual(['default/a', 'default/b']);
    expect(index.takeWaitingNews(2)).toEqual(['default/c']);
  });

  it('gives a slot back that was of no use', () => {
    const index = indexOf(aJob());
    take(index, admitted);
    expect(index.queued(epoch)).toEqual([]);
    expect(index.holding('gpu')).toHaveLength(1);
    index.giveBack(uid);
    expect(index.queued(epoch)).toHaveLength(1);
    expect(index.holding('gpu')).toEqual([]);
  });

  it('knows by the status in which pool a job holds its slot', () => {
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

  it('counts what waits for Kueue as holding nothing, and what Kueue lets run as holding its slot', () => {
    const index = indexOf(aJob({ queue: 'films' }));
    take(index, admitted);
    expect(index.holding('gpu')).toEqual([]);
    index.put(aJob({ queue: 'films' }, aStatus({ phase: 'Running', attempts: [{ number: 1, pool: 'gpu' }] })));
    expect(index.holding('gpu')).toHaveLength(1);
  });

  it('leaves the jobs of other controllers out', () => {
    const managedBy = 'kueue.x-k8s.io/multikueue';
    const index = indexOf(aJob({ managedBy }));
    expect(index.queued(epoch)).toEqual([]);
    expect(indexOf(aJob({ managedBy }, aStatus({ phase: 'Running' }))).holding('gpu')).toEqual([]);
  });
});
