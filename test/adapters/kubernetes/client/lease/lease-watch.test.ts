import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { microTime, readLease, writeLease } from '../../../../../src/adapters/kubernetes/client/lease/lease-record.ts';
import { LeaseWatch } from '../../../../../src/adapters/kubernetes/client/lease/lease-watch.ts';

const record = (renewTime: string, holder = 'a') => ({
  holder,
  durationMs: 15_000,
  transitions: 1,
  version: '1',
  uid: 'u',
  renewTime,
  acquireTime: '',
});

describe('a lease', () => {
  it('is held while it changes, however old its times are', () => {
    const watch = new LeaseWatch();
    for (let now = 0; now < 100_000; now += 14_000) {
      const lease = record(`1999-01-01T00:00:${now}`);
      watch.observe(lease, now);
      expect(watch.isFree(lease, now)).toBe(false);
    }
  });

  it('is free when it has not changed for its duration since the first observation', () => {
    const watch = new LeaseWatch();
    const lease = record('2099-01-01T00:00:00Z');
    watch.observe(lease, 1_000_000);
    watch.observe(lease, 1_014_000);
    expect(watch.isFree(lease, 1_014_000)).toBe(false);
    expect(watch.isFree(lease, 1_015_001)).toBe(true);
  });

  it('is free when its holder has released it', () => {
    expect(new LeaseWatch().isFree(record('', ''), 0)).toBe(true);
  });

  it('has a time at which it will be free if nothing changes', () => {
    const watch = new LeaseWatch();
    expect(watch.freeIn(1_000)).toBe(0);
    const lease = record('2099-01-01T00:00:00Z');
    watch.observe(lease, 1_000);
    expect(watch.freeIn(2_000)).toBe(14_000);
    expect(watch.isFree(lease, 2_000 + watch.freeIn(2_000) + 1)).toBe(true);
    watch.observe(record('2099-01-01T00:00:01Z', ''), 3_000);
    expect(watch.freeIn(3_000)).toBe(0);
  });

  it('is never free sooner than its duration after an observed renewal', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat({ max: 20_000 }), fc.boolean()), { minLength: 1 }), (looks) => {
        const watch = new LeaseWatch();
        let [now, renewedAt, renewals] = [0, 0, 0];
        for (const [wait, renewed] of looks) {
          now += wait;
          if (renewed || now === wait) [renewedAt, renewals] = [now, renewals + 1];
          const lease = record(String(renewals));
          watch.observe(lease, now);
          if (watch.isFree(lease, now)) expect(now - renewedAt).toBeGreaterThan(15_000);
        }
      }),
    );
  });

  it('is written in the form of Kubernetes, and read back', () => {
    const renewTime = microTime(Date.UTC(2026, 0, 2, 3, 4, 5, 6));
    expect(renewTime).toBe('2026-01-02T03:04:05.006000Z');
    const object = writeLease({ namespace: 'n', name: 'l' }, { ...record(renewTime), acquireTime: renewTime });
    expect(object).toMatchObject({ spec: { holderIdentity: 'a', leaseDurationSeconds: 15 } });
    const stored = { ...object, metadata: { name: 'l', uid: 'u', resourceVersion: '1' } };
    expect(readLease(stored)).toEqual({ ...record(renewTime), acquireTime: renewTime });
  });

  it('without holderIdentity has no holder', () => {
    expect(readLease({ metadata: { name: 'l', uid: 'u', resourceVersion: '1' }, spec: {} })).toMatchObject({
      holder: '',
      durationMs: 0,
    });
    expect(() => readLease({ kind: 'Status' })).toThrow(/Expected a Lease/);
  });
});
