import { describe, expect, it } from 'vitest';
import { withConditions } from '../../../src/controller/reconcile/conditions.ts';
import type { RenderJobStatus } from '../../../src/model/job/render-job.ts';
import { aStatus, epoch } from '../../support/jobs.ts';

function summary({ conditions = [] }: RenderJobStatus): string[] {
  return conditions.map(({ type, status, reason }) => `${type}=${status} ${reason}`);
}

describe('withConditions', () => {
  it('gives the condition of the phase the reason of the status', () => {
    const queued = withConditions(aStatus({ reason: 'WaitingForSlot', message: 'all in use' }), 1, epoch);
    expect(summary(queued)).toEqual([
      'Accepted=True Accepted',
      'Admitted=False WaitingForSlot',
      'Running=False NotStarted',
    ]);
    const running = withConditions({ ...queued, phase: 'Running', reason: 'Rendering' }, 1, epoch + 1);
    expect(summary(running)).toEqual(['Accepted=True Accepted', 'Admitted=True Admitted', 'Running=True Rendering']);
    const done = withConditions({ ...running, phase: 'Succeeded', reason: 'Completed' }, 1, epoch + 2);
    expect(summary(done)).toContain('Complete=True Completed');
    expect(summary(done)).toContain('Running=False Ended');
  });

  it('keeps the time of the last transition while a condition keeps its status', () => {
    const first = withConditions(aStatus({ reason: 'WaitingForSlot' }), 1, epoch);
    const second = withConditions({ ...first, reason: 'Suspended' }, 2, epoch + 5000);
    expect(
      second.conditions?.every(({ lastTransitionTime }) => lastTransitionTime === new Date(epoch).toISOString()),
    ).toBe(true);
    expect(second.conditions?.every(({ observedGeneration }) => observedGeneration === 2)).toBe(true);
  });

  it('does not accept a job that needs what this installation does not have', () => {
    const status = withConditions(aStatus({ reason: 'NoSuchPool', message: 'There are: cpu.' }), 1, epoch);
    expect(summary(status)).toContain('Accepted=False NoSuchPool');
    expect(summary(withConditions({ ...status, reason: 'WaitingForSlot' }, 1, epoch))).toContain(
      'Accepted=True Accepted',
    );
  });

  it('names the pool that the job was admitted to', () => {
    const attempts = [{ number: 1, pool: 'arc' }];
    const { conditions } = withConditions(aStatus({ phase: 'Running', reason: 'Rendering', attempts }), 1, epoch);
    expect(conditions?.find(({ type }) => type === 'Admitted')?.message).toBe('The job has a slot in pool arc.');
  });
});
