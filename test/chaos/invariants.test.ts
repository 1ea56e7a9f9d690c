import { describe, expect, it } from 'vitest';
import type { Recorded } from './history.ts';
import { jobRecord, podRecord, renderJobRecord } from './history.ts';
import { violations } from './invariants.ts';

let version = 0;
const meta = (name: string, more: object = {}): object => {
  version += 1;
  return { name, uid: name, resourceVersion: String(version), ...more };
};
const labelsOf = (attempt: number): object => ({
  labels: {
    'framewright.dev/job': 'clip',
    'framewright.dev/uid': 'u',
    'framewright.dev/attempt': String(attempt),
    'framewright.dev/stage': 'render',
  },
});

function status(phase: string, more: object = {}): Recorded {
  const written = { phase, reason: 'r', message: 'm', attempt: 1, failures: 0, disruptions: 0, ...more };
  const object = renderJobRecord.parse({ metadata: meta('clip'), spec: {}, status: written });
  return {
    kind: 'RenderJob',
    type: 'MODIFIED',
    version: BigInt(version),
    receivedAt: version,
    afterGap: false,
    object,
  };
}

function stageJob(attempt: number, more: { name?: string; over?: boolean; suspend?: boolean } = {}): Recorded {
  const { name = `clip-${attempt}`, over = false, suspend = false } = more;
  const conditions = over ? [{ type: 'Failed', status: 'True' }] : [];
  const metadata = meta(name, labelsOf(attempt));
  const object = jobRecord.parse({ metadata, spec: { suspend }, status: { conditions } });
  return { kind: 'Job', type: 'MODIFIED', version: BigInt(version), receivedAt: version, afterGap: false, object };
}

function pod(attempt: number, phase: string): Recorded {
  const ownerReferences = [{ uid: `clip-${attempt}`, controller: true }];
  const metadata = meta(`pod-${attempt}`, { ...labelsOf(attempt), ownerReferences });
  const object = podRecord.parse({ metadata, spec: { nodeName: 'n' }, status: { phase } });
  return { kind: 'Pod', type: 'MODIFIED', version: BigInt(version), receivedAt: version, afterGap: false, object };
}

describe('a history violates an invariant', () => {
  it.each([
    [
      'when a terminal phase changes',
      [status('Failed'), status('Succeeded')],
      'clip was Failed and its status changed',
    ],
    ['when an attempt goes back', [status('Queued', { attempt: 2 }), status('Queued')], 'from attempt 2 to 1'],
    [
      'when progress falls',
      [status('Running', { progress: { percent: 40 } }), status('Running', { progress: { percent: 39 } })],
      'from 40 % to 39 % within attempt 1',
    ],
    [
      'when two Jobs run one stage',
      [stageJob(1), stageJob(1, { name: 'other' })],
      '2 live Jobs for clip (u) attempt 1',
    ],
    ['when two attempts live', [stageJob(1), stageJob(2)], 'attempts 1 and 2 of clip (u) are alive together'],
    ['when a worker outlives its Job', [pod(1, 'Running'), stageJob(2)], 'attempts 1 and 2 of clip (u)'],
    [
      'when a status contains a secret',
      [status('Running', { message: 'at hush' })],
      'the status of clip contains a secret',
    ],
    ['when a Job is left', [stageJob(1)], 'the Job clip-1 still lives'],
  ])('%s', (_, history, expected) => {
    const found = violations(history, { secrets: ['hush'], settled: true });
    expect(found.join('\n')).toContain(expected);
  });

  it('but not when one attempt ends before the next begins', () => {
    const first = [stageJob(1), pod(1, 'Running'), pod(1, 'Failed')];
    const second = [stageJob(2), stageJob(1, { over: true }), pod(2, 'Running'), pod(2, 'Succeeded')];
    const retried = [status('Running'), status('Queued', { attempt: 2 }), status('Succeeded', { attempt: 2 })];
    expect(violations([...first, ...second, ...retried], { settled: true })).toEqual([]);
  });

  it('but not when a broken watch has missed that a later attempt was queued', () => {
    const history = [status('Running'), status('Starting', { attempt: 2 })];
    const afterGap = history.map((one) => ({ ...one, afterGap: true }));
    expect(violations(history)).toHaveLength(1);
    expect(violations(afterGap)).toEqual([]);
    for (const [from, to] of [
      [status('Running'), status('Starting')],
      [status('Failed'), status('Starting', { attempt: 2 })],
    ] as const) {
      expect(violations([from, { ...to, afterGap: true }])).not.toEqual([]);
    }
  });

  it('when a Job is created while a worker of a deleted one runs, unless it was in flight', () => {
    const removed = { ...stageJob(1, { name: 'clip-1' }), type: 'DELETED' as const };
    const history = [stageJob(1, { name: 'clip-1' }), pod(1, 'Running'), removed, stageJob(1, { name: 'next' })];
    expect(violations(history)).toHaveLength(1);
    expect(violations(history, { unfencedMs: 100 })).toEqual([]);
    const late = { ...stageJob(1, { name: 'next' }), receivedAt: version + 100 };
    expect(violations([...history.slice(0, 3), late], { unfencedMs: 100 })).toHaveLength(1);
  });
});
