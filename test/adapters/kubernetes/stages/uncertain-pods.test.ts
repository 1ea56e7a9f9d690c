import { expect, it } from 'vitest';
import { UncertainPods } from '../../../../src/adapters/kubernetes/stages/uncertain-pods.ts';

it('a RenderJob is suspected until it is cleared', () => {
  const unseen = new UncertainPods();
  unseen.suspect('a');
  expect([unseen.has('a'), unseen.has('b')]).toEqual([true, false]);
  unseen.clear('a');
  expect(unseen.has('a')).toBe(false);
});

it('only the latest RenderJobs are kept', () => {
  const unseen = new UncertainPods();
  for (let count = 0; count <= 10_000; count += 1) unseen.suspect(`job-${count}`);
  expect([unseen.has('job-0'), unseen.has('job-1'), unseen.has('job-10000')]).toEqual([false, true, true]);
});
