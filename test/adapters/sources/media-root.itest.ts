import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { fileUnderRoot, folderUnderRoot } from '../../../src/adapters/sources/media-root.ts';
import { test } from '../../support/fixtures.ts';

describe('a file under the media root', () => {
  const it = test.extend('root', async ({ ownScratch: top }) => {
    const root = join(top, 'media');
    await mkdir(join(root, 'a'), { recursive: true });
    await writeFile(join(root, 'a/clip.mp4'), 'x');
    await writeFile(join(top, 'secret.mp4'), 'x');
    await mkdir(join(top, 'media-of-others'));
    await writeFile(join(top, 'media-of-others/clip.mp4'), 'x');
    return root;
  });

  it('is used directly, by its real path', async ({ root }) => {
    expect(await fileUnderRoot(root, 'a/clip.mp4')).toBe(join(root, 'a/clip.mp4'));
  });

  it('may be reached through links that stay inside, and the root may be one', async ({ root, ownScratch: top }) => {
    await symlink('a', join(root, 'b'));
    await symlink(root, join(top, 'link'));
    expect(await fileUnderRoot(join(top, 'link'), 'b/clip.mp4')).toBe(join(root, 'a/clip.mp4'));
  });

  it('is rejected when a link, or the path itself, leads outside', async ({ root }) => {
    await symlink('../secret.mp4', join(root, 'secret.mp4'));
    await symlink('..', join(root, 'up'));
    for (const path of [
      'secret.mp4',
      'up/secret.mp4',
      '../secret.mp4',
      'a/../../secret.mp4',
      '../media-of-others/clip.mp4',
    ]) {
      await expect(fileUnderRoot(root, path)).rejects.toMatchObject({ code: 'SOURCE_FORBIDDEN' });
    }
  });

  it('is not found when it is missing, a folder, or a link to itself', async ({ root }) => {
    await symlink('loop', join(root, 'loop'));
    for (const path of ['none.mp4', 'a', 'a/clip.mp4/b', 'loop', 'x'.repeat(300)]) {
      await expect(fileUnderRoot(root, path)).rejects.toMatchObject({ code: 'SOURCE_NOT_FOUND' });
    }
  });

  it('is rejected without a media root', async () => {
    await expect(fileUnderRoot(undefined, 'a/clip.mp4')).rejects.toMatchObject({
      code: 'SOURCE_FORBIDDEN',
      remedy: /--media-root/,
    });
  });
});

describe('a folder under a root', () => {
  const it = test.extend('root', async ({ ownScratch: top }) => {
    const root = join(top, 'volume');
    await mkdir(join(root, 'there'), { recursive: true });
    await mkdir(join(top, 'outside'));
    return root;
  });

  it('is made where it is not there, with the folders above it', async ({ root }) => {
    expect(await folderUnderRoot(root, 'there/a//b/')).toBe(join(root, 'there/a/b'));
    expect(await folderUnderRoot(root, 'there/a/b')).toBe(join(root, 'there/a/b'));
    expect(await folderUnderRoot(root, '.')).toBe(root);
  });

  it('is rejected when a link leads outside, and nothing is created there', async ({ root, ownScratch: top }) => {
    await symlink('../outside', join(root, 'link'));
    for (const path of ['link', 'link/a', 'there/../link/a', '../outside/a', '..']) {
      await expect(folderUnderRoot(root, path)).rejects.toMatchObject({ code: 'SOURCE_FORBIDDEN' });
    }
    expect(await readdir(join(top, 'outside'))).toEqual([]);
  });

  it('is an error of storage where a file has its name, or the root is not there', async ({
    root,
    ownScratch: top,
  }) => {
    await writeFile(join(root, 'file'), 'x');
    await expect(folderUnderRoot(root, 'file/a')).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    await expect(folderUnderRoot(join(top, 'none'), 'a')).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
  });
});
