import { mkdir, mkdtemp, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DirectoryStore } from '../../../src/adapters/object-store/directory-store.ts';
import { objectStoreContract } from '../../contract/object-store.ts';

objectStoreContract('the directory store', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'fw-store-'));
  const store = new DirectoryStore({ dir: join(dir, 'objects') });
  return { store, close: () => rm(dir, { recursive: true }) };
});

objectStoreContract('the directory store on a file system without hard links', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'fw-store-'));
  const store = new DirectoryStore({ dir: join(dir, 'objects'), hardLinks: false });
  return { store, close: () => rm(dir, { recursive: true }) };
});

describe('the directory store', () => {
  let top: string;
  let dir: string;
  let store: DirectoryStore;

  beforeEach(async () => {
    top = await mkdtemp(join(tmpdir(), 'fw-store-'));
    dir = join(top, 'objects');
    store = new DirectoryStore({ dir, baseUrl: 'http://example.com' });
    await mkdir(dir);
  });
  afterEach(() => rm(top, { recursive: true }));

  const put = async (key: string, content: string): Promise<void> => {
    const upload = await store.createUpload(key);
    await writeFile(upload.path, content);
    await store.publish(upload);
  };

  it('returns the path of the file of an object, and undefined for a missing object', async () => {
    await put('a.mp4', 'x');
    expect(await store.localPath('a.mp4')).toBe(join(dir, 'a.mp4'));
    expect(await store.localPath('b.mp4')).toBeUndefined();
  });

  it('says whether its folder can be used', async () => {
    await expect(store.check()).resolves.toBeUndefined();
    await writeFile(join(top, 'file'), 'x');
    const broken = new DirectoryStore({ dir: join(top, 'file', 'objects') });
    await expect(broken.check()).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
  });

  it('leaves nothing in its upload folder without hard links either', async () => {
    const without = new DirectoryStore({ dir, hardLinks: false });
    const upload = await without.createUpload('a.mp4');
    await writeFile(upload.path, 'x');
    await without.publish(upload);
    expect(await readdir(join(dir, '.uploads'))).toEqual([]);
  });

  it('leaves nothing in its upload folder after a publication', async () => {
    await put('a.mp4', 'x');
    expect(await readdir(join(dir, '.uploads'))).toEqual([]);
  });

  it('follows no link out of its root, be it a file or a folder', async () => {
    await writeFile(join(top, 'secret.txt'), 'secret');
    await symlink(join(top, 'secret.txt'), join(dir, 'link.txt'));
    await symlink(top, join(dir, 'folder'));
    for (const key of ['link.txt', 'folder/secret.txt']) {
      expect(await store.stat(key)).toBeUndefined();
      expect(await store.localPath(key)).toBeUndefined();
      await expect(store.read(key)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    }
    expect(await Array.fromAsync(store.list(''))).toEqual([]);
  });

  it('rejects an upload that it has not created', async () => {
    const path = join(top, 'elsewhere.txt');
    await writeFile(path, 'x');
    await expect(store.publish({ id: 'a', key: 'a.txt', path })).rejects.toMatchObject({ code: 'INTERNAL_ERROR' });
    await expect(store.discard({ id: 'a', key: 'a.txt', path })).rejects.toMatchObject({ code: 'INTERNAL_ERROR' });
  });

  it('sweeps abandoned uploads and spares fresh ones', async () => {
    const old = await store.createUpload('old.mp4');
    const fresh = await store.createUpload('fresh.mp4');
    await writeFile(old.path, 'x');
    await writeFile(fresh.path, 'x');
    await utimes(old.path, 1000, 1000);
    expect(await store.sweep(2000 * 1000)).toBe(1);
    await expect(store.publish(old)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    await store.publish(fresh);
    expect(await store.sweep(Date.now() + 1000)).toBe(0);
  });

  it('returns URLs below its configured base', async () => {
    expect(await store.urlFor('a b'.replace(' ', '-'))).toBe('http://example.com/assets/a-b');
  });
});
