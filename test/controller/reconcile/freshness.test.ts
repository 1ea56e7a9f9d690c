import { describe, expect, it } from 'vitest';
import { stagesToRefresh } from '../../../src/controller/reconcile/freshness.ts';
import { aJob, aRun, aStatus } from '../../support/jobs.ts';

describe('job and runs as two caches have them', () => {
  const identity = aRun('waiting').identity;

  it('fit each other while the job waits and nothing of it runs', () => {
    expect(stagesToRefresh(aJob(), [])).toEqual([]);
    expect(stagesToRefresh(aJob({}, aStatus({ attempt: 2 })), [aRun('failed')])).toEqual([]);
  });

  it('agree while the attempt of the status runs', () => {
    expect(stagesToRefresh(aJob({}, aStatus({ phase: 'Running' })), [aRun('running')])).toEqual([]);
  });

  it('leave a doubt when a started job has no run: the runs may be behind', () => {
    expect(stagesToRefresh(aJob({}, aStatus({ phase: 'Starting' })), [])).toEqual([identity]);
    const second = aJob({}, aStatus({ phase: 'Running', attempt: 2 }));
    expect(stagesToRefresh(second, [aRun('failed')])).toEqual([{ ...identity, attempt: 2 }]);
  });

  it('contradict each other when a later attempt runs than that of the status: the job is outdated', () => {
    const job = aJob({}, aStatus({ phase: 'Running' }));
    expect(stagesToRefresh(job, [aRun('failed'), aRun('running', { attempt: 2 })])).toEqual([identity]);
  });

  it('leave no doubt about a job that has ended', () => {
    expect(stagesToRefresh(aJob({}, aStatus({ phase: 'Failed' })), [])).toEqual([]);
  });

  it('are not enough to take apart a job that is removed', () => {
    const removed = aJob({}, undefined, { deletionTimestamp: '2026-01-01T00:00:00Z' });
    expect(stagesToRefresh(removed, [])).toEqual([identity]);
    expect(stagesToRefresh(removed, [aRun('running')])).toEqual([]);
  });
});
