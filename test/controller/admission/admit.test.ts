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
  const admissions = admit({ queued, holding, pools, now: at, policy });
  return [...admissions].filter(([, admission]) => admission.admitted).map(([uid]) => uid);
}

describe('admit', () => {
  it('admits the higher priority first', () => {
    expect(admitted([waiting('low'), waiting('high', { priority: 5 })], [{ owner: 'bob', pool: 'default' }])).toEqual([
      'high',
    ]);
  });

  it('admits the owner with the smaller share of slots at equal priority', () => {
    const queued = [
      waiting('a1', { createdAt: now - 9 }),
      waiting('a2', { createdAt: now - 8 }),
      waiting('b1', { owner: 'bob', createdAt: now }),
    ];
    expect(admitted(queued)).toEqual(['a1', 'b1']);
  });

  it('admits the oldest job of one owner at equal priority', () => {
    expect(
      admitted([waiting('young'), waiting('old', { createdAt: now - 5 })], [{ owner: 'ann', pool: 'default' }]),
    ).toEqual(['old']);
  });

  it('raises the priority of a job with its age', () => {
    const old = waiting('old', { createdAt: now - 6 * 60_000 });
    expect(admitted([waiting('high', { priority: 5 }), old], [{ owner: 'bob', pool: 'default' }])).toEqual(['old']);
  });

  it('counts admitted jobs and the look-ahead against the slots', () => {
    const queued = ['a', 'b', 'c', 'd'].map((uid) => waiting(uid));
    expect(admitted(queued)).toHaveLength(2);
    const admittedTo = (pool: PoolSlots) =>
      [
        ...admit({
          queued,
          holding: [{ owner: 'ann', pool: 'default' }],
          pools: [pool],
          now,
          policy: { ...policy, lookAhead: 1 },
        }).values(),
      ].filter((admission) => admission.admitted);
    expect(admittedTo({ ...box, queues: true })).toHaveLength(2);
    // Where the pool queues nothing, a further stage would run beside the others.
    expect(admittedTo(box)).toHaveLength(1);
  });

  it('explains that all slots are in use', () => {
    const admission = admit({
      queued: [waiting('a')],
      holding: [
        { owner: 'x', pool: 'default' },
        { owner: 'y', pool: 'default' },
      ],
      pools: [box],
      now,
      policy,
    }).get('a');
    expect(admission).toEqual({
      admitted: false,
      reason: 'WaitingForSlot',
      message:
        'Waiting for a free slot in pool default: 2 of 2 are in use and this job is next; more slots or a higher spec.priority would help.',
      queuePosition: 0,
    });
  });

  it('lists the existing pools when the requested one does not exist', () => {
    const admission = admit({ queued: [waiting('a', { pool: 'arc' })], holding: [], pools: [box], now, policy }).get(
      'a',
    );
    expect(admission).toMatchObject({
      admitted: false,
      reason: 'NoSuchPool',
      message: 'spec.pool is arc, which does not exist; existing pools: default.',
    });
  });

  it('keeps a job that requires a GPU waiting where no pool has one', () => {
    const admission = admit({
      queued: [waiting('a', { acceleration: 'Required' })],
      holding: [],
      pools: [{ pool: 'cpu', slots: 4, gpu: false }],
      now,
      policy,
    }).get('a');
    expect(admission).toMatchObject({ admitted: false, reason: 'WaitingForGpu' });
  });

  it('admits jobs that may use a GPU to the GPU pool, and the others to another pool', () => {
    const pools: PoolSlots[] = [
      { pool: 'cpu', slots: 4, gpu: false },
      { pool: 'gpu', slots: 4, gpu: true },
    ];
    const admissions = admit({
      queued: [waiting('a'), waiting('b', { acceleration: 'Disabled' })],
      holding: [],
      pools,
      now,
      policy,
    });
    expect(admissions.get('a')).toEqual({ admitted: true, pool: 'gpu' });
    expect(admissions.get('b')).toEqual({ admitted: true, pool: 'cpu' });
  });
});

describe('admit, in a long queue', () => {
  it('gives each of ten thousand jobs its queue position, and admits as many as there are slots', () => {
    const queued = Array.from({ length: 10_000 }, (_, index) =>
      waiting(`u${index}`, { owner: `owner-${index % 50}`, createdAt: index, acceleration: 'Required' }),
    );
    const gpu: PoolSlots = { pool: 'gpu', slots: 4, gpu: true, queues: true };
    const admissions = [
      ...admit({ queued, holding: [], pools: [gpu], now, policy: { ...policy, lookAhead: 1 } }).values(),
    ];
    expect(admissions.filter((admission) => admission.admitted)).toHaveLength(5);
    const ahead = admissions.flatMap((admission) => (admission.admitted ? [] : [admission.queuePosition ?? -1]));
    expect(ahead.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 9995 }, (_, index) => index));
  });

  it('counts jobs for the same slots as ahead, not those for other slots', () => {
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
    const aheadOf = [...admit({ queued, holding, pools, now, policy })].map(([uid, admission]) => [
      uid,
      admission.admitted ? undefined : admission.queuePosition,
    ]);
    expect(aheadOf).toEqual([
      ['1', 0],
      ['2', 0],
      ['3', 2],
      ['4', 2],
    ]);
  });

  it('admits a job with a Kueue queue without a slot, and explains when Kueue is not configured', () => {
    const full = [
      { owner: 'x', pool: 'default' },
      { owner: 'y', pool: 'default' },
    ];
    const film = waiting('film', { queue: 'films' });
    expect(
      admit({ queued: [film], holding: full, pools: [box], now, policy: { ...policy, kueue: true } }).get('film'),
    ).toEqual({
      admitted: true,
      pool: 'default',
    });
    expect(admit({ queued: [film], holding: [], pools: [box], now, policy }).get('film')).toMatchObject({
      reason: 'QueueNotConfigured',
    });
    // It takes no slot of ours either.
    const all = admit({
      queued: [film, waiting('own')],
      holding: full.slice(1),
      pools: [box],
      now,
      policy: { ...policy, kueue: true },
    });
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
  it('decides about every job and never fills a pool beyond its slots', () => {
    fc.assert(
      fc.property(jobs, pools, (queued, slots) => {
        const admissions = admit({ queued, holding: [], pools: slots, now, policy });
        expect(admissions.size).toBe(queued.length);
        for (const { pool, slots: size } of slots) {
          const taken = [...admissions.values()].filter((admission) => admission.admitted && admission.pool === pool);
          expect(taken.length).toBeLessThanOrEqual(size);
        }
      }),
    );
  });

  it('leaves no slot idle in a pool that a waiting job may use', () => {
    fc.assert(
      fc.property(jobs, pools, (queued, slots) => {
        const admissions = admit({ queued, holding: [], pools: slots, now, policy });
        const taken = (pool: string) =>
          [...admissions.values()].filter((admission) => admission.admitted && admission.pool === pool).length;
        const idle = new Set(slots.filter(({ pool, slots: size }) => taken(pool) < size).map(({ pool }) => pool));
        const hasGpu = slots.some(({ pool, slots: size }) => pool === 'gpu' && size > 0);
        const mayUse = ({ pool, acceleration }: QueuedJob): readonly string[] => {
          if (pool !== undefined) return pool === 'cpu' && acceleration === 'Required' ? [] : [pool];
          if (acceleration === 'Preferred') return hasGpu ? ['gpu'] : ['cpu', 'gpu'];
          return acceleration === 'Required' ? ['gpu'] : ['cpu'];
        };
        for (const one of queued) {
          if (!admissions.get(one.uid)?.admitted) expect(mayUse(one).some((pool) => idle.has(pool))).toBe(false);
        }
      }),
    );
  });

  it('starves no job: with freed slots the queue empties, however many jobs keep arriving', () => {
    fc.assert(
      fc.property(jobs, (queued) => {
        let left: QueuedJob[] = queued.map((one) => ({ ...one, pool: undefined, createdAt: now }));
        const initial = new Set(left.map(({ uid }) => uid));
        let at = now;
        let round = 0;
        // One slot an aging period, and one new competitor of the highest priority with each.
        while (left.some(({ uid }) => initial.has(uid))) {
          round += 1;
          at += policy.agingSeconds * 1000;
          left.push({
            ...waiting(`competitor${round}`, { owner: 'zoe', priority: 100, createdAt: at }),
            pool: undefined,
          });
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
