import { expect, it } from 'vitest';
import { type LivenessFigures, livenessProblem } from '../../../../../src/adapters/kubernetes/client/watch/liveness.ts';

const well: LivenessFigures = {
  oldestWaitMs: 1_000,
  longestRunMs: 1_000,
  lastContactMs: { renderjobs: 60_000, jobs: 0 },
};

it.each<[string, Partial<LivenessFigures>, RegExp | undefined]>([
  ['does its work', {}, undefined],
  ['is idle', { oldestWaitMs: 0, longestRunMs: 0 }, undefined],
  ['leaves a key waiting', { oldestWaitMs: 301_000 }, /^a key has waited for 301 s \(at most 300 s\)$/],
  ['has a handler that hangs', { longestRunMs: 400_000 }, /^a handler has been running for 400 s/],
  [
    'hears nothing of one kind',
    { lastContactMs: { renderjobs: 0, jobs: 601_000 } },
    /^the watch of jobs has received nothing for 601 s/,
  ],
])('a process that %s', (_case, figures, problem) => {
  const found = livenessProblem({ ...well, ...figures });
  if (problem === undefined) expect(found).toBeUndefined();
  else expect(found).toMatch(problem);
});
