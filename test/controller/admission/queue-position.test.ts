import { describe, expect, it } from 'vitest';
import { shouldUpdateQueuePosition } from '../../../src/controller/admission/queue-position.ts';
import { waitingFor } from '../../../src/controller/admission/waiting-reason.ts';
import type { PoolSlots } from '../../../src/ports/stage-runner.ts';

const job = { uid: 'u', owner: 'ann', priority: 0, createdAt: 0, acceleration: 'Required' as const };
const pool = { pool: 'gpu', slots: 4, gpu: true };
const waiting = (ahead: number) => waitingFor(job, [pool], [pool], { used: 4, ahead });

describe('the status of a queued job', () => {
  it('is updated when half or twice as many jobs are ahead, not with every freed slot', () => {
    const reported = waiting(1000);
    const isUpdated = (ahead: number) => shouldUpdateQueuePosition(reported, waiting(ahead));
    expect([999, 700, 501, 1400].filter(isUpdated)).toEqual([]);
    expect([500, 12, 0, 2000].filter(isUpdated)).toEqual([500, 12, 0, 2000]);
  });

  it('is updated when the job is next', () => {
    expect(shouldUpdateQueuePosition(waiting(1), waiting(0))).toBe(true);
    expect(shouldUpdateQueuePosition(waiting(0), waiting(0))).toBe(false);
  });

  it('does not depend on the words of its message', () => {
    const reported = { ...waiting(1000), message: 'Another sentence.' };
    expect(shouldUpdateQueuePosition(reported, waiting(700))).toBe(false);
    expect(shouldUpdateQueuePosition(reported, waiting(500))).toBe(true);
  });

  it('is updated when the reason or the causes change, not with their counts', () => {
    const none = (causes: readonly string[], message: string): PoolSlots => {
      return { ...pool, slots: 0, unavailable: { causes, message } };
    };
    const empty = (causes: readonly string[], message: string) => {
      const pools = [none(causes, message)];
      return waitingFor(job, pools, pools, { used: 0, ahead: 0 });
    };
    const one = empty(['cordoned'], 'cannot be used (1 cordoned)');
    expect(shouldUpdateQueuePosition(waiting(3), one)).toBe(true);
    expect(shouldUpdateQueuePosition(one, empty(['cordoned'], 'cannot be used (2 cordoned)'))).toBe(false);
    expect(shouldUpdateQueuePosition(one, empty(['tainted'], 'cannot be used (1 tainted)'))).toBe(true);
  });

  it('is updated when its message differs and the causes are unknown, as after a restart', () => {
    const { reason, message } = waiting(3);
    const none = { admitted: false, reason, message: `${message} Really.` } as const;
    expect(shouldUpdateQueuePosition({ reason, message }, none)).toBe(true);
    expect(shouldUpdateQueuePosition({ reason, message }, { ...none, message })).toBe(false);
  });
});
