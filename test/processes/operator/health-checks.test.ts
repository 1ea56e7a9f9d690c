import { describe, expect, it } from 'vitest';
import { type HealthSources, unhealthy, unready } from '../../../src/processes/operator/health-checks.ts';

const fine: HealthSources = {
  store: { health: () => ({ synced: true, lastContactMs: 20 }) },
  runner: { lastContactMs: () => ({ jobs: 10, pods: 30 }) },
  stats: () => ({ unfinished: 1, queueDepth: 1, active: 1, oldestWaitMs: 10, longestRunMs: 10 }),
  synced: () => true,
};
const hour = 3_600_000;

describe('an operator', () => {
  it('is healthy while work is done and watches receive something, whether it leads or not', () => {
    expect(unhealthy(fine)).toBeUndefined();
    expect(unhealthy({ ...fine, stats: () => undefined })).toBeUndefined();
  });

  it.each<[string, Partial<HealthSources>, RegExp]>([
    [
      'a key waits for ever',
      { stats: () => ({ unfinished: 1, queueDepth: 1, active: 0, oldestWaitMs: hour, longestRunMs: 0 }) },
      /^a key has waited for 3600 s/,
    ],
    [
      'a handler hangs',
      { stats: () => ({ unfinished: 1, queueDepth: 0, active: 1, oldestWaitMs: 0, longestRunMs: hour }) },
      /^a handler has been running for 3600 s/,
    ],
    [
      'the watch of RenderJobs is silent',
      { store: { health: () => ({ synced: true, lastContactMs: hour }) } },
      /^the watch of renderjobs has received nothing/,
    ],
    ['the watch of pods is silent', { runner: { lastContactMs: () => ({ pods: hour }) } }, /^the watch of pods/],
  ])('has to be restarted when %s', (_case, change, problem) => {
    expect(unhealthy({ ...fine, ...change })).toMatch(problem);
  });

  it('is ready when every cache is filled', () => {
    expect(unready(fine)).toBeUndefined();
    expect(unready({ synced: () => false })).toMatch(/not all .* have been listed yet/);
  });
});
