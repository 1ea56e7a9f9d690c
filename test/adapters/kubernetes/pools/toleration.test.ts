import { describe, expect, it } from 'vitest';
import type { Toleration } from '../../../../src/adapters/kubernetes/pools/pool.ts';
import { toleratesAll } from '../../../../src/adapters/kubernetes/pools/toleration.ts';

const taint = { key: 'gpu', value: 'intel', effect: 'NoSchedule' };

describe('tolerations', () => {
  it.each<[string, Toleration]>([
    ['the same key and value', { key: 'gpu', value: 'intel' }],
    ['a key with any value', { key: 'gpu', operator: 'Exists' }],
    ['the same with its effect', { key: 'gpu', operator: 'Equal', value: 'intel', effect: 'NoSchedule' }],
    ['everything', { operator: 'Exists' }],
  ])('allow a pod on a node: %s', (_which, toleration) => {
    expect(toleratesAll([taint], [toleration])).toBe(true);
  });

  it.each<[string, Toleration]>([
    ['another key', { key: 'disk', operator: 'Exists' }],
    ['another value', { key: 'gpu', value: 'amd' }],
    ['another effect', { key: 'gpu', operator: 'Exists', effect: 'NoExecute' }],
    ['no key and no operator', {}],
  ])('do not allow a pod: %s', (_which, toleration) => {
    expect(toleratesAll([taint], [toleration])).toBe(false);
  });

  it('are needed for each taint except PreferNoSchedule', () => {
    expect(toleratesAll([taint, { key: 'disk', effect: 'NoExecute' }], [{ key: 'gpu', operator: 'Exists' }])).toBe(
      false,
    );
    expect(toleratesAll([{ ...taint, effect: 'PreferNoSchedule' }], [])).toBe(true);
    expect(toleratesAll([], [])).toBe(true);
  });
});
