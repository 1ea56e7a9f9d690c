import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { prepareScratch } from '../../src/worker/scratch.ts';

describe('the scratch folder', () => {
  let top: string;
  beforeEach(async () => {
    top = await mkdtemp(join(tmpdir(), 'fw-scratch-'));
  });
  afterEach(() => rm(top, { recursive: true }));

  it('is created where it does not exist', async () => {
    await prepareScratch(join(top, 'a/b'));
    expect(await readdir(join(top, 'a/b'))).toEqual([]);
  });

  it('is emptied and remains the same folder: in a pod it is a volume', async () => {
    await mkdir(join(top, 'old/deep'), { recursive: true });
    await writeFile(join(top, '.hidden'), 'x');
    const before = await stat(top);
    await prepareScratch(top);
    expect(await readdir(top)).toEqual([]);
    expect((await stat(top)).ino).toBe(before.ino);
  });

  it('is a storage error where a file has its name', async () => {
    await writeFile(join(top, 'file'), 'x');
    await expect(prepareScratch(join(top, 'file'))).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
  });
});
