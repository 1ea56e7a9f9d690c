import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CreationClock,
  creationOrder,
  creationTime,
  cursorAfter,
  orderOf,
} from '../../../../src/adapters/kubernetes/jobs/creation-cursor.ts';
import { annotations as keys } from '../../../../src/model/labels.ts';

const metadata = (more: object = {}) => ({
  name: 'a',
  uid: 'u',
  resourceVersion: '1',
  creationTimestamp: '2026-03-01T12:00:00Z',
  ...more,
});

describe('the order of creation', () => {
  it('rises with each job that a process creates, even when its clock stops or is set back', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 4e12 }), { minLength: 2 }), (times) => {
        let now = 0;
        const clock = new CreationClock(() => now);
        const orders = times.map((time) => {
          now = time;
          return creationOrder(metadata({ annotations: { [keys.created]: clock.next() } }));
        });
        expect(orders).toEqual(orders.toSorted());
        expect(new Set(orders).size).toBe(orders.length);
      }),
    );
  });

  it('is that of the second, then of the uid, for a job that kubectl created', () => {
    const noon = creationOrder(metadata());
    const later = creationOrder(metadata({ creationTimestamp: '2026-03-01T12:00:01Z' }));
    expect(noon < later).toBe(true);
    expect(noon < creationOrder(metadata({ uid: 'v' }))).toBe(true);
  });

  it.each(['', 'yesterday', '1', '-000000000000001'])('ignores the annotation %j', (value) => {
    const annotations = { [keys.created]: value };
    expect(creationOrder(metadata({ annotations }))).toBe(creationOrder(metadata()));
  });

  it('is the content of a cursor', () => {
    const order = creationOrder(metadata());
    expect(orderOf(cursorAfter(order))).toBe(order);
  });

  it('is not read from any other text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(() => orderOf(text)).toThrow(/Expected `cursor` to be from the previous page/);
      }),
    );
  });
});

describe('the time of creation', () => {
  const at = (value: string): string => creationTime(metadata({ annotations: { [keys.created]: value } }));
  const noon = Date.parse('2026-03-01T12:00:00Z');
  const annotated = (milliseconds: number): string => `${milliseconds}000`;

  it('has the milliseconds of the process that created the job', () => {
    expect(at(annotated(noon + 345))).toBe('2026-03-01T12:00:00.345Z');
    expect(at(annotated(noon - 20))).toBe('2026-03-01T11:59:59.980Z');
  });

  it('is that of the API server for other jobs, and when the two are far apart', () => {
    expect(creationTime(metadata())).toBe('2026-03-01T12:00:00Z');
    for (const value of [annotated(noon + 5001), annotated(noon - 5001), '9'.repeat(16), 'soon', ''])
      expect(at(value)).toBe('2026-03-01T12:00:00Z');
    expect(creationTime(metadata({ creationTimestamp: undefined }))).toBe('');
  });
});
