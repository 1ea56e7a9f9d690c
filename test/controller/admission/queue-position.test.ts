import { describe, expect, it } from 'vitest';
import { shouldUpdateQueuePosition } from '../../../src/controller/admission/queue-position.ts';
import { waitingFor } from '../../../src/controller/admission/waiting-reason.ts';

const job = { uid: 'u', owner: 'ann', priority: 0, createdAt: 0, acceleration: 'Required' as const };
const pool = { pool: 'gpu', slots: 4, gpu: true };
const waiting = (ahead: number) => waitingFor(job, [pool], [pool], { used: 4, ahead });

describe('what a waiting job is told', () => {
  it('is told anew when half as many are ahead, or twice as many, and not with every one that leaves', () => {
    const told = waiting(1000);
    expect([999, 700, 501, 1400].filter((ahead) => shouldUpdateQueuePosition(told, waiting(ahead)))).toEqual([]);
    expect([500, 12, 0, 2000].filter((ahead) => !shouldUpdateQueuePosition(told, waiting(ahead)))).toEqual([]);
  });

  it('is told when it is next', () => {
    expect(shouldUpdateQueuePosition(waiting(1), waiting(0))).toBe(true);
    expect(shouldUpdateQueuePosition(waiting(0), waiting(0))).toBe(false);
  });

  it('is told when its reason is another, and when the words are, numbers aside', () => {
    const none = { ...pool, slots: 0, why: 'none of its nodes offers a GPU' };
    const empty = waitingFor(job, [none], [none], { used: 0, ahead: 0 });
    expect(shouldUpdateQueuePosition(waiting(3), empty)).toBe(true);
    expect(
      shouldUpdateQueuePosition(empty, { ...empty, message: empty.message.replace('none of its nodes', 'no node') }),
    ).toBe(true);
    const counted = (count: number) => ({ ...empty, message: `cannot be used (${count} cordoned)` });
    expect(shouldUpdateQueuePosition(counted(1), counted(2))).toBe(false);
  });
});
