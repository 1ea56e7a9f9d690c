import { describe, expect, it } from 'vitest';
import { poolsFor } from '../../../src/controller/admission/pool-choice.ts';
import type { Acceleration } from '../../../src/model/job/render-job.ts';
import type { PoolSlots } from '../../../src/ports/stage-runner.ts';

const cpu: PoolSlots = { pool: 'cpu', slots: 4, gpu: false };
const gpu: PoolSlots = { pool: 'gpu', slots: 2, gpu: true };
const arc: PoolSlots = { pool: 'arc', slots: 1, gpu: true };
const empty: PoolSlots = { ...gpu, slots: 0 };

describe('the pools that a job may use', () => {
  it.each<[string, Acceleration, string | undefined, PoolSlots[], string[]]>([
    ['a job that requires a GPU: those with GPUs', 'Required', undefined, [cpu, gpu, arc], ['gpu', 'arc']],
    ['a job that requires a GPU: also while no node has one', 'Required', undefined, [cpu, empty], ['gpu']],
    ['a job that prefers a GPU: those whose nodes have one', 'Preferred', undefined, [cpu, empty, arc], ['arc']],
    ['a job that prefers a GPU: others where no node has one', 'Preferred', undefined, [cpu, empty], ['cpu']],
    ['a job that prefers a GPU: all while nothing has slots', 'Preferred', undefined, [empty], ['gpu']],
    ['a job without GPU: those without', 'Disabled', undefined, [cpu, gpu], ['cpu']],
    ['a job without GPU: any where there is no other', 'Disabled', undefined, [gpu], ['gpu']],
    ['a job that names its pool: that one', 'Preferred', 'gpu', [cpu, empty, arc], ['gpu']],
    ['a job that names a pool without what it requires: none', 'Required', 'cpu', [cpu, gpu], []],
    ['a job that names a pool that is not there: none', 'Preferred', 'xe', [cpu, gpu], []],
  ])('%s', (_who, acceleration, pool, pools, expected) => {
    expect(poolsFor({ acceleration, pool }, pools).map((one) => one.pool)).toEqual(expected);
  });
});
