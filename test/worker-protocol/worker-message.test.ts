import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { progressOf } from '../../src/worker-protocol/worker-message.ts';

const identity = { namespace: 'media', name: 'job', uid: 'u1', attempt: 2, stage: 'render' };
const progress = { percent: 5, step: 'encoding', updatedAt: '2026-03-01T12:00:00Z' };
const message = { namespace: 'media', name: 'job', uid: 'u1', attempt: 2, sequence: 3, progress };

describe('progressOf', () => {
  it('gives the progress of the very run that the worker runs', () => {
    expect(progressOf({ type: 'progress', message }, identity)).toEqual(message);
  });

  it.each([{ namespace: 'other' }, { name: 'other' }, { uid: 'u2' }, { attempt: 1 }])(
    'drops what speaks for another run: %j',
    (other) => {
      expect(progressOf({ type: 'progress', message: { ...message, ...other } }, identity)).toBeUndefined();
    },
  );

  it.each([
    { sequence: -1 },
    { sequence: 1.5 },
    { extra: true },
    { progress: { ...progress, percent: 101 } },
    { progress: null },
  ])('drops what has another form: %j', (wrong) => {
    expect(progressOf({ type: 'progress', message: { ...message, ...wrong } }, identity)).toBeUndefined();
  });

  it('drops whatever else a process may send', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        expect(progressOf(value, identity)).toBeUndefined();
      }),
    );
  });
});
