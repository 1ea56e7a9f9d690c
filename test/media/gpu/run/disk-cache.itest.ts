import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { memoizeOnDisk } from '../../../../src/media/gpu/run/disk-cache.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'fw-disk-cache-'));
});
afterEach(() => rm(dir, { recursive: true }));

let computed = 0;
const memoize = (identity: readonly unknown[], folder: string | undefined = join(dir, 'cache'), keep = true) =>
  memoizeOnDisk(folder, identity, z.object({ value: z.number() }), async () => {
    computed += 1;
    return { value: { value: computed }, keep };
  });

describe('a memoized value', () => {
  it('is computed once for one identity, and again for another', async () => {
    const first = await memoize(['a', 1]);
    expect(await memoize(['a', 1])).toEqual(first);
    expect(await memoize(['a', 2])).not.toEqual(first);
  });

  it('is computed each time without a folder, and where it is not kept', async () => {
    for (const [folder, keep] of [[undefined, true] as const, [join(dir, 'none'), false] as const]) {
      const first = await memoizeOnDisk(folder, ['x'], z.number(), async () => ({ value: (computed += 1), keep }));
      const second = await memoizeOnDisk(folder, ['x'], z.number(), async () => ({ value: (computed += 1), keep }));
      expect(second).toBe(first + 1);
    }
  });

  it.each(['', 'half of {"val', '[]', '{"value":"one"}', 'null', '\u0000\u0001'])(
    'is computed again where the file contains %j',
    async (damage) => {
      const first = await memoize(['a']);
      const [name = ''] = await readdir(join(dir, 'cache'));
      await writeFile(join(dir, 'cache', name), damage);
      const second = await memoize(['a']);
      expect(second).not.toEqual(first);
      expect(await memoize(['a'])).toEqual(second);
    },
  );

  it('leaves one whole file when many compute it in parallel', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, () => memoize(['a'])));
    expect(await readdir(join(dir, 'cache'))).toHaveLength(1);
    expect(all).toContainEqual(await memoize(['a']));
  });

  it('is computed although the folder cannot be written', async () => {
    await writeFile(join(dir, 'file'), '');
    await expect(memoize(['a'], join(dir, 'file'))).resolves.toHaveProperty('value');
    await expect(memoize(['a'], join(dir, 'file', 'below'))).resolves.toHaveProperty('value');
  });

  it('removes values that were not written for a month, when it is written', async () => {
    const cache = join(dir, 'cache');
    await mkdir(cache);
    const old = new Date(Date.now() - 31 * 24 * 3600 * 1000);
    for (const name of ['old.json', 'recent.json']) await writeFile(join(cache, name), '{}');
    await utimes(join(cache, 'old.json'), old, old);
    await memoize(['a']);
    const names = await readdir(cache);
    expect(names).toHaveLength(2);
    expect(names).toContain('recent.json');
  });
});
