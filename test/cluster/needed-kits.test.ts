import { globSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { neededPrograms } from './needed-kits.ts';

const test = join(import.meta.dirname, '..');

it.each([
  ['a test of NATS alone', ['adapters/nats/nats-bus.ktest.ts'], ['nats'], false],
  ['a test on the shared cluster', ['adapters/kubernetes/client/transport.ktest.ts'], ['cluster'], true],
  ['a test of the object store', ['adapters/object-store/s3/s3-store.ktest.ts'], ['s3'], false],
  [
    'the operator with everything',
    ['processes/operator/operator-server.render.ktest.ts'],
    ['cluster', 'nats', 's3'],
    false,
  ],
  ['a unit test', ['config/load-config.test.ts'], [], false],
] as const)('%s needs only the programs that it uses', async (_what, files, kits, sharedCluster) => {
  const needed = await neededPrograms(files.map((file) => join(test, file)));
  expect([...needed.kits].toSorted()).toEqual(kits);
  expect(needed.sharedCluster).toBe(sharedCluster);
});

it('a run of everything needs everything', async () => {
  const files = globSync('**/*.{test,itest,ktest}.ts', { cwd: test }).map((file) => join(test, file));
  const needed = await neededPrograms(files);
  expect([...needed.kits].toSorted()).toEqual(['cluster', 'nats', 's3']);
  expect(needed.sharedCluster).toBe(true);
});
