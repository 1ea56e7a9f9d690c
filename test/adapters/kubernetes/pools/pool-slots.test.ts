import { describe, expect, it } from 'vitest';
import type { Pool } from '../../../../src/adapters/kubernetes/pools/pool.ts';
import { checkPools, poolSlots } from '../../../../src/adapters/kubernetes/pools/pool-slots.ts';
import type { CachedNode } from '../../../../src/adapters/kubernetes/stages/stage-objects.ts';

const resourceName = 'gpu.intel.com/i915';
const pool: Pool = { name: 'gpu', image: 'worker', allocation: { type: 'DevicePlugin', resourceName } };
const node = (slots: string | undefined, more: Partial<CachedNode> = {}): CachedNode => ({
  metadata: { name: 'n', uid: 'n', resourceVersion: '1' },
  ready: true,
  cordoned: false,
  taints: [],
  labels: { zone: 'a' },
  allocatable: slots === undefined ? {} : { [resourceName]: slots },
  ...more,
});

describe('slots of a pool', () => {
  it('are the allocatable ones of its nodes', () => {
    expect(poolSlots(pool, [node('4'), node('2')])).toEqual({ pool: 'gpu', slots: 6, gpu: true, queues: true });
    expect(poolSlots(pool, [node('2k')])).toMatchObject({ slots: 2000 });
  });

  it.each([
    ['a node with a GPU label and no GPU', node('0')],
    ['a node without the resource', node(undefined)],
    ['a quantity that is not a whole number', node('1500m')],
  ])('are none on %s', (_case, one) => {
    const unavailable = { causes: ['not offered'], message: 'none of its nodes offers gpu.intel.com/i915' };
    expect(poolSlots(pool, [one])).toEqual({ pool: 'gpu', slots: 0, gpu: true, queues: true, unavailable });
  });

  it('are none on unusable nodes, and the answer has the reasons', () => {
    const taints = [{ key: 'maintenance', value: 'true', effect: 'NoSchedule' }];
    const away = [
      node('4', { ready: false }),
      node('4', { cordoned: true }),
      node('4', { cordoned: true }),
      node('4', { taints }),
    ];
    expect(poolSlots(pool, away)).toMatchObject({
      slots: 0,
      unavailable: {
        causes: ['not ready', 'cordoned', 'tainted'],
        message: 'its nodes that offer gpu.intel.com/i915 cannot be used (1 not ready, 2 cordoned, 1 tainted)',
      },
    });
    expect(poolSlots(pool, [...away, node('1')])).toEqual({ pool: 'gpu', slots: 1, gpu: true, queues: true });
    const tolerations = [{ key: 'maintenance', operator: 'Exists' as const }];
    expect(poolSlots({ ...pool, tolerations }, away)).toMatchObject({ slots: 4 });
  });

  it('are counted on the nodes that the pool selects', () => {
    expect(
      poolSlots({ ...pool, nodeSelector: { zone: 'b' } }, [node('4'), node('1', { labels: { zone: 'b' } })]),
    ).toMatchObject({ slots: 1 });
  });

  it('are at most the limit of the pool, and exactly that without a device plugin', () => {
    // Its nodes would start a fourth one immediately: nothing is queued ahead.
    expect(poolSlots({ ...pool, maxConcurrent: 3 }, [node('4')])).toEqual({ pool: 'gpu', slots: 3, gpu: true });
    expect(poolSlots({ ...pool, allocation: { type: 'None' }, maxConcurrent: 3 }, [])).toEqual({
      pool: 'gpu',
      slots: 3,
      gpu: false,
    });
    const dra: Pool = { ...pool, allocation: { type: 'DRA', claimTemplate: 'gpu' }, maxConcurrent: 2 };
    expect(poolSlots(dra, [])).toEqual({ pool: 'gpu', slots: 2, gpu: true });
  });

  it('are required where they cannot be counted, and names must differ', () => {
    expect(() => checkPools([{ ...pool, allocation: { type: 'None' } }])).toThrow(/Expected maxConcurrent of pool gpu/);
    expect(() => checkPools([pool, pool])).toThrow(/got gpu twice/);
    expect(() => checkPools([pool])).not.toThrow();
  });
});
