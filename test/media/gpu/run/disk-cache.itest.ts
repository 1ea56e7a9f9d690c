import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { rememberedOr } from '../../../../src/media/gpu/run/disk-cache.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'fw-disk-cache-'));
});
afterEach(() => rm(dir, { recursive: true }));

let made = 0;
const memoize = (identity: readonly unknown[], folder: string | undefined = join(dir, 'cache'), remember = true) =>
  rememberedOr(folder, identity, z.object({ value: z.number() }), async () => {
    made += 1;
    return { value: { value: made }, remember };
  });

describe('a finding', () => {
  it('is made once for one identity, and again for another', async () => {
    const first = await memoize(['a', 1]);
    expect(await memoize(['a', 1])).toEqual(first);
    expect(await memoize(['a', 2])).not.toEqual(first);
  });

  it('is made each time without a folder, and where it is not worth remembering', async () => {
    for (const [folder, remember] of [[undefined, true] as const, [join(dir, 'none'), false] as const]) {
      const first = await rememberedOr(folder, ['x'], z.number(), async () => ({ value: (made += 1), remember }));
      const second = await rememberedOr(folder, ['x'], z.number(), async () => ({ value: (made += 1), remember }));
      expect(second).toBe(first + 1);
    }
  });

  it.each(['', 'half of {"val', '[]', '{"value":"one"}', 'null', '\u0000\u0001'])(
    'is made again where %j lies in its place',
    async (damage) => {
      const first = await memoize(['a']);
      const [name = ''] = await readdir(join(dir, 'cache'));
      await writeFile(join(dir, 'cache', name), damage);
      const second = await memoize(['a']);
      expect(second).not.toEqual(first);
      expect(await memoize(['a'])).toEqual(second);
    },
  );

  it('leaves one whole file however many find it out at once', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, () => memoize(['a'])));
    expect(await readdir(join(dir, 'cache'))).toHaveLength(1);
    expect(all).toContainEqual(await memoize(['a']));
  });

  it('is made all the same where the folder cannot be written', async () => {
    await writeFile(join(dir, 'file'), '');
    await expect(memoize(['a'], join(dir, 'file'))).resolves.toHaveProperty('value');
    await expect(memoize(['a'], join(dir, 'file', 'below'))).resolves.toHaveProperty('value');
  });

  it('sweeps out those that nobody has asked for in a month, when it is written', async () => {
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
