import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { admit } from '../../../src/controller/admission/admit.ts';
import type { HoldingJob, QueuedJob } from '../../../src/controller/admission/queued-job.ts';
import type { PoolSlots } from '../../../src/ports/stage-runner.ts';

const policy = { agingSeconds: 60, lookAhead: 0, kueue: false };
const now = 10_000_000;
const box: PoolSlots = { pool: 'default', slots: 2, gpu: 'unknown' };

function waiting(uid: string, job: Partial<QueuedJob> = {}): QueuedJob {
  return { uid, owner: 'ann', priority: 0, createdAt: now, acceleration: 'Preferred', ...job };
}

function admitted(
  queued: readonly QueuedJob[],
  holding: readonly HoldingJob[] = [],
  pools: readonly PoolSlots[] = [box],
  at = now,
): string[] {
  return [...admit(queued, holding, pools, at, policy)].filter(([, verdict]) => verdict.admitted).map(([uid]) => uid);
}

describe('admit', () => {
  it('takes the higher priority first', () => {
    expect(admitted([waiting('low'), waiting('high', { priority: 5 })], [{ owner: 'bob', pool: 'default' }])).toEqual([
      'high',
    ]);
  });

  it('among equals takes the owner with the smaller share of slots', () => {
    const queued = [
      waiting('a1', { createdAt: now - 9 }),
      waiting('a2', { createdAt: now - 8 }),
      waiting('b1', { owner: 'bob', createdAt: now }),
    ];
    expect(admitted(queued)).toEqual(['a1', 'b1']);
  });

  it('among equals of one owner takes the oldest', () => {
    expect(
      admitted([waiting('young'), waiting('old', { createdAt: now - 5 })], [{ owner: 'ann', pool: 'default' }]),
    ).toEqual(['old']);
  });

  it('lets age rise above priority', () => {
    const old = waiting('old', { createdAt: now - 6 * 60_000 });
    expect(admitted([waiting('high', { priority: 5 }), old], [{ owner: 'bob', pool: 'default' }])).toEqual(['old']);
  });

  it('counts admitted jobs and the look-ahead against the slots', () => {
    const queued = ['a', 'b', 'c', 'd'].map((uid) => waiting(uid));
    expect(admitted(queued)).toHaveLength(2);
    const admittedTo = (pool: PoolSlots) =>
      [...admit(queued, [{ owner: 'ann', pool: 'default' }], [pool], now, { ...policy, lookAhead: 1 }).values()].filter(
        (verdict) => verdict.admitted,
      );
    expect(admittedTo({ ...box, queues: true })).toHaveLength(2);
    // Where nothing holds a further stage back, it would run beside the others.
    expect(admittedTo(box)).toHaveLength(1);
  });

  it('says that all slots are in use', () => {
    const verdict = admit(
      [waiting('a')],
      [
        { owner: 'x', pool: 'default' },
        { owner: 'y', pool: 'default' },
      ],
      [box],
      now,
      policy,
    ).get('a');
    expect(verdict).toEqual({
      admitted: false,
      reason: 'WaitingForSlot',
      message:
        'Waiting for a free slot in pool default: 2 of 2 in use, next in line; more slots or a higher spec.priority would help.',
      ahead: 0,
    });
  });

  it('says which pools there are when the named one is not', () => {
    const verdict = admit([waiting('a', { pool: 'arc' })], [], [box], now, policy).get('a');
    expect(verdict).toMatchObject({
      admitted: false,
      reason: 'NoSuchPool',
      message: 'spec.pool is arc, and there is no such pool; there are: default.',
    });
  });

  it('keeps a job that requires a GPU waiting where no pool has one', () => {
    const verdict = admit(
      [waiting('a', { acceleration: 'Required' })],
      [],
      [{ pool: 'cpu', slots: 4, gpu: false }],
      now,
      policy,
    ).get('a');
    expect(verdict).toMatchObject({ admitted: false, reason: 'WaitingForGpu' });
  });

  it('sends jobs that may use a GPU to the GPU pool, and the others elsewhere', () => {
    const pools: PoolSlots[] = [
      { pool: 'cpu', slots: 4, gpu: false },
      { pool: 'gpu', slots: 4, gpu: true },
    ];
    const verdicts = admit([waiting('a'), waiting('b', { acceleration: 'Disabled' })], [], pools, now, policy);
    expect(verdicts.get('a')).toEqual({ admitted: true, pool: 'gpu' });
    expect(verdicts.get('b')).toEqual({ admitted: true, pool: 'cpu' });
  });
});

describe('admit, in a long queue', () => {
  it('tells each of ten thousand jobs how many are ahead, and lets in as many as there is room for', () => {
    const queued = Array.from({ length: 10_000 }, (_, index) =>
      waiting(`u${index}`, { owner: `owner-${index % 50}`, createdAt: index, acceleration: 'Required' }),
    );
    const gpu: PoolSlots = { pool: 'gpu', slots: 4, gpu: true, queues: true };
    const verdicts = [...admit(queued, [], [gpu], now, { ...policy, lookAhead: 1 }).values()];
    expect(verdicts.filter((verdict) => verdict.admitted)).toHaveLength(5);
    const ahead = verdicts.flatMap((verdict) => (verdict.admitted ? [] : [verdict.ahead ?? -1]));
    expect(ahead.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 9995 }, (_, index) => index));
  });

  it('counts as ahead those who want the same slots, not those who wait for others', () => {
    const pools: PoolSlots[] = [
      { pool: 'a', slots: 1, gpu: true },
      { pool: 'b', slots: 1, gpu: true },
    ];
    const holding = pools.map(({ pool }) => ({ owner: 'x', pool }));
    const queued = [
      waiting('1', { pool: 'a' }),
      waiting('2', { pool: 'b' }),
      waiting('3'),
      waiting('4', { pool: 'b' }),
    ];
    const aheadOf = [...admit(queued, holding, pools, now, policy)].map(([uid, verdict]) => [
      uid,
      verdict.admitted ? undefined : verdict.ahead,
    ]);
    expect(aheadOf).toEqual([
      ['1', 0],
      ['2', 0],
      ['3', 2],
      ['4', 2],
    ]);
  });

  it('lets a job that goes through Kueue pass, and says so where there is no Kueue', () => {
    const full = [
      { owner: 'x', pool: 'default' },
      { owner: 'y', pool: 'default' },
    ];
    const film = waiting('film', { queue: 'films' });
    expect(admit([film], full, [box], now, { ...policy, kueue: true }).get('film')).toEqual({
      admitted: true,
      pool: 'default',
    });
    expect(admit([film], [], [box], now, policy).get('film')).toMatchObject({ reason: 'QueueNotConfigured' });
    // It takes no slot of ours either.
    const all = admit([film, waiting('own')], full.slice(1), [box], now, { ...policy, kueue: true });
    expect(all.get('own')).toEqual({ admitted: true, pool: 'default' });
  });
});

const job = fc.record({
  owner: fc.constantFrom('ann', 'bob', 'cyd'),
  priority: fc.integer({ min: -100, max: 100 }),
  createdAt: fc.integer({ min: 0, max: now }),
  acceleration: fc.constantFrom('Required' as const, 'Preferred' as const, 'Disabled' as const),
  pool: fc.constantFrom(undefined, 'cpu', 'gpu', 'none'),
});
const jobs = fc.array(job, { maxLength: 40 }).map((list) => list.map((one, index) => ({ ...one, uid: `u${index}` })));
const pools = fc.record({ cpu: fc.nat(4), gpu: fc.nat(4) }).map(({ cpu, gpu }): PoolSlots[] => [
  { pool: 'cpu', slots: cpu, gpu: false },
  { pool: 'gpu', slots: gpu, gpu: true },
]);

describe('admit, for any queue', () => {
  it('gives every job a verdict and never fills a pool beyond its slots', () => {
    fc.assert(
      fc.property(jobs, pools, (queued, slots) => {
        const verdicts = admit(queued, [], slots, now, policy);
        expect(verdicts.size).toBe(queued.length);
        for (const { pool, slots: size } of slots) {
          const taken = [...verdicts.values()].filter((verdict) => verdict.admitted && verdict.pool === pool);
          expect(taken.length).toBeLessThanOrEqual(size);
        }
      }),
    );
  });

  it('leaves no slot idle in a pool that a waiting job may use', () => {
    fc.assert(
      fc.property(jobs, pools, (queued, slots) => {
        const verdicts = admit(queued, [], slots, now, policy);
        const taken = (pool: string) =>
          [...verdicts.values()].filter((verdict) => verdict.admitted && verdict.pool === pool).length;
        const idle = new Set(slots.filter(({ pool, slots: size }) => taken(pool) < size).map(({ pool }) => pool));
        const gpuThere = slots.some(({ pool, slots: size }) => pool === 'gpu' && size > 0);
        const mayUse = ({ pool, acceleration }: QueuedJob): readonly string[] => {
          if (pool !== undefined) return pool === 'cpu' && acceleration === 'Required' ? [] : [pool];
          if (acceleration === 'Preferred') return gpuThere ? ['gpu'] : ['cpu', 'gpu'];
          return acceleration === 'Required' ? ['gpu'] : ['cpu'];
        };
        for (const one of queued) {
          if (!verdicts.get(one.uid)?.admitted) expect(mayUse(one).some((pool) => idle.has(pool))).toBe(false);
        }
      }),
    );
  });

  it('starves nobody: with slots freed again and again the queue empties, whoever keeps arriving', () => {
    fc.assert(
      fc.property(jobs, (queued) => {
        let left: QueuedJob[] = queued.map((one) => ({ ...one, pool: undefined, createdAt: now }));
        const mine = new Set(left.map(({ uid }) => uid));
        let at = now;
        let round = 0;
        // One slot an aging period, and one new rival of the highest priority with each.
        while (left.some(({ uid }) => mine.has(uid))) {
          round += 1;
          at += policy.agingSeconds * 1000;
          left.push({ ...waiting(`rival${round}`, { owner: 'zoe', priority: 100, createdAt: at }), pool: undefined });
          const [first] = admitted(left, [], [{ pool: 'default', slots: 2, gpu: true }], at);
          const [, second] = admitted(left, [], [{ pool: 'default', slots: 2, gpu: true }], at);
          left = left.filter(({ uid }) => uid !== first && uid !== second);
          expect(round).toBeLessThan(1000);
        }
      }),
      { numRuns: 20 },
    );
  });
});
