import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect } from 'vitest';
import { parsePools, readPoolsFile } from '../../../../src/adapters/kubernetes/pools/pools-file.ts';
import { CodedError } from '../../../../src/errors/coded-error.ts';
import { it } from '../../../support/fixtures.ts';

const gpu = `
- name: gpu
  allocation: {type: DevicePlugin, resourceName: gpu.intel.com/i915}
  image: framewright/worker:1
  nodeSelector: {intel.feature.node.kubernetes.io/gpu: "true"}
  tolerations: [{key: gpu, operator: Exists, effect: NoSchedule}]
  supplementalGroups: [109]
  requests: {cpu: 2, memory: 4Gi}
  scratchSize: 50Gi
  environment:
    - {name: AWS_ACCESS_KEY_ID, valueFrom: {secretKeyRef: {name: s3, key: id}}}
`;

function rejectionOf(text: string): CodedError {
  try {
    parsePools(text, 'pools.yaml');
  } catch (error) {
    if (error instanceof CodedError) return error;
    throw error;
  }
  throw new Error('Expected a rejection, got pools');
}

describe('a file of pools', () => {
  it('is a list of pools', () => {
    const text = `${gpu}\n- {name: cpu, allocation: {type: None}, image: w, maxConcurrent: 2}`;
    expect(parsePools(text, 'pools.yaml')).toMatchObject([
      { name: 'gpu', requests: { cpu: '2', memory: '4Gi' } },
      { name: 'cpu', allocation: { type: 'None' }, maxConcurrent: 2 },
    ]);
  });

  it.each([
    ['nothing', '', /Expected pools.yaml to be YAML, .*empty/],
    ['no pool', '[]', /pools: /],
    ['an object', 'pools: []', /expected array, received object/],
    ['text that is not YAML', '- name: [', /Expected pools.yaml to be YAML/],
    ['an unknown key', gpu.replace('image:', 'container:'), /pools\[0\]: .*container/],
    ['an allocation that does not exist', gpu.replace('DevicePlugin', 'Magic'), /pools\[0\].allocation/],
    [
      'a resource without a vendor',
      gpu.replace('gpu.intel.com/', ''),
      /expected a resource such as gpu.intel.com\/i915/,
    ],
    ['a quantity of nothing', gpu.replace('50Gi', 'much'), /scratchSize: expected a quantity/],
    ['a name twice', gpu + gpu, /Expected names of pools to differ, got gpu twice/],
    ['slots that cannot be counted', '[{name: cpu, allocation: {type: None}, image: w}]', /Expected maxConcurrent/],
  ])('is rejected with %s; the error has the path, the expectation and a remedy', (_case, text, message) => {
    const error = rejectionOf(text);
    expect(error.message).toMatch(message);
    expect(error.remedy).toContain('docs/guides/kubernetes.md');
  });

  it('is rejected with a coded error, whatever it contains', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(rejectionOf(text).code).toBe('INVALID_REQUEST');
      }),
    );
  });

  it('that is missing or a folder is reported', async ({ ownScratch }) => {
    await expect(readPoolsFile(join(ownScratch, 'none.yaml'))).rejects.toThrow(
      /The pools in .*none.yaml cannot be read: ENOENT/,
    );
    await expect(readPoolsFile(ownScratch)).rejects.toThrow(/EISDIR/);
  });
});
