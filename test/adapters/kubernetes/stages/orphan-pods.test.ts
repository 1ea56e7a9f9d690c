import { describe, expect, it } from 'vitest';
import { orphanRuns } from '../../../../src/adapters/kubernetes/stages/orphan-pods.ts';
import type { CachedStagePod } from '../../../../src/adapters/kubernetes/stages/stage-objects.ts';

const identity = { namespace: 'media', name: 'clip', uid: 'u', attempt: 2, stage: 'render' };
const removed = {
  name: 'clip-2-render-x',
  namespace: 'media',
  uid: 'p',
  resourceVersion: '2',
  deletionTimestamp: '2026-01-01T00:00:00Z',
};
const pod = (more: Partial<CachedStagePod> = {}): CachedStagePod => ({
  metadata: { name: 'clip-2-render-x', namespace: 'media', uid: 'p', resourceVersion: '2' },
  job: 'j',
  identity,
  phase: 'Running',
  node: 'gpu-0',
  reason: undefined,
  message: undefined,
  disruption: undefined,
  waiting: undefined,
  waitingReason: undefined,
  image: 'worker:1',
  memoryLimit: undefined,
  scheduledAt: undefined,
  runningSince: 1_000,
  terminated: undefined,
  ...more,
});

describe('a pod whose Job was deleted', () => {
  it('is a run while it runs, even while it is being deleted', () => {
    const run = { identity, state: 'running', startedAt: 1_000, node: 'gpu-0', podName: 'clip-2-render-x' };
    expect(orphanRuns([pod()])).toMatchObject([run]);
    expect(orphanRuns([pod({ metadata: removed })])).toMatchObject([run]);
  });

  it('is a run before it runs', () => {
    const waiting = pod({ phase: 'Pending', runningSince: undefined });
    expect(orphanRuns([waiting])).toMatchObject([{ identity, state: 'waiting' }]);
  });

  it('is not a run once it has ended, or can no longer get a node', () => {
    expect(orphanRuns([pod({ phase: 'Failed' }), pod({ phase: 'Succeeded' })])).toEqual([]);
    expect(
      orphanRuns([pod({ phase: 'Pending', runningSince: undefined, node: undefined, metadata: removed })]),
    ).toEqual([]);
  });

  it('is not a run without our labels', () => {
    expect(orphanRuns([pod({ identity: undefined })])).toEqual([]);
  });
});
