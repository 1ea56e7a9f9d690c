import { describe, expect, it } from 'vitest';
import { type EventFacts, seriesKey } from '../../../../../src/adapters/kubernetes/client/events/event-series.ts';

const facts: EventFacts = {
  regarding: { apiVersion: 'framewright.dev/v1alpha1', kind: 'RenderJob', namespace: 'n', name: 'a', uid: 'u' },
  type: 'Normal',
  reason: 'Started',
  action: 'StartAttempt',
  note: 'attempt 1 started',
};

describe('events', () => {
  it('are one series when their content and object are equal', () => {
    expect(seriesKey({ ...facts })).toBe(seriesKey(facts));
    const others: Partial<EventFacts>[] = [
      { type: 'Warning' },
      { reason: 'Failed' },
      { action: 'Retry' },
      { note: 'attempt 2 started' },
      { regarding: { ...facts.regarding, uid: 'successor' } },
    ];
    for (const other of others) expect(seriesKey({ ...facts, ...other })).not.toBe(seriesKey(facts));
  });
});
