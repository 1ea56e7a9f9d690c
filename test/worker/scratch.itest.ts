import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { prepareScratch } from '../../src/worker/scratch.ts';
import { it } from '../support/fixtures.ts';

describe('the scratch folder', () => {
  it('is created where it does not exist', async ({ ownScratch }) => {
    await prepareScratch(join(ownScratch, 'a/b'));
    expect(await readdir(join(ownScratch, 'a/b'))).toEqual([]);
  });

  it('is emptied and remains the same folder: in a pod it is a volume', async ({ ownScratch }) => {
    await mkdir(join(ownScratch, 'old/deep'), { recursive: true });
    await writeFile(join(ownScratch, '.hidden'), 'x');
    const before = await stat(ownScratch);
    await prepareScratch(ownScratch);
    expect(await readdir(ownScratch)).toEqual([]);
    expect((await stat(ownScratch)).ino).toBe(before.ino);
  });

  it('is a storage error where a file has its name', async ({ ownScratch }) => {
    await writeFile(join(ownScratch, 'file'), 'x');
    await expect(prepareScratch(join(ownScratch, 'file'))).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
  });
});
