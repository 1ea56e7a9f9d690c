import { writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DirectoryStore } from '../../../src/adapters/object-store/directory-store.ts';
import { ObjectAssetIndex } from '../../../src/adapters/object-store/object-asset-index.ts';
import { overriddenStore } from '../../../src/adapters/object-store/overridden-store.ts';
import { systemClock } from '../../../src/lib/system-clock.ts';
import type { Asset } from '../../../src/ports/asset-index.ts';
import type { ObjectStore } from '../../../src/ports/object-store.ts';
import { assetIndexContract } from '../../contract/asset-index.ts';
import { removeFolder, temporaryFolder } from '../processes/runner-setup.ts';

assetIndexContract('objects', async () => {
  const dir = await temporaryFolder();
  const objects = new DirectoryStore({ dir });
  return {
    index: new ObjectAssetIndex({ objects, clock: systemClock }),
    other: new ObjectAssetIndex({ objects: new DirectoryStore({ dir }), clock: systemClock }),
    [Symbol.asyncDispose]: () => removeFolder(dir),
  };
});

const now = 1_800_000_000_000;
const asset = (key: string, createdAt = now): Asset => ({
  key,
  owner: 'alice',
  namespace: 'media',
  filename: 'a.mp4',
  mediaType: 'video/mp4',
  bytes: 1,
  sha256: 'ab'.repeat(32),
  createdAt,
});

describe('ObjectAssetIndex', () => {
  let dir: string;
  let objects: ObjectStore;
  let reads: string[];
  beforeEach(async () => {
    dir = await temporaryFolder();
    reads = [];
    const store = new DirectoryStore({ dir });
    objects = overriddenStore(store, {
      read: (key, range) => {
        reads.push(key);
        return store.read(key, range);
      },
    });
  });
  afterEach(() => removeFolder(dir));

  const index = (cachedEntries?: number, clock = now): ObjectAssetIndex =>
    new ObjectAssetIndex({
      objects,
      clock: { now: () => clock },
      ...(cachedEntries === undefined ? {} : { cachedEntries }),
    });
  const put = async (key: string, text: string): Promise<void> => {
    const upload = await objects.createUpload(key);
    await writeFile(upload.path, text);
    await objects.publish(upload);
  };
  const names = async (): Promise<string[]> => {
    const found: string[] = [];
    for await (const { key } of objects.list('asset-index/')) found.push(key);
    return found;
  };

  it('reads an entry once for many listings, within the bound of its memory', async () => {
    const writer = index();
    for (const key of ['a', 'b', 'c']) await writer.add(asset(key));
    reads = [];
    const large = index();
    for (let n = 0; n < 3; n += 1) await large.list({}, { limit: 10 });
    expect(reads).toHaveLength(3);
    const small = index(1);
    reads = [];
    await small.list({}, { limit: 10 });
    expect((await small.list({}, { limit: 10 })).assets).toHaveLength(3);
    expect(reads.length).toBeGreaterThan(4);
  });

  it('skips a mark that a crash has left, and removes it once no upload can still be adding its file', async () => {
    const mark = `asset-index/by-owner/media/alice/${now}-lost.mp4`;
    await put(mark, 'lost.mp4');
    expect(await index(10, now + 1000).list({}, { limit: 10 })).toEqual({ assets: [] });
    expect(await names()).toEqual([mark]);
    expect(await index(10, now + 61_000).list({}, { limit: 10 })).toEqual({ assets: [] });
    expect(await names()).toEqual([]);
  });

  it('fills a page although marks without files are in between', async () => {
    const writer = index();
    await writer.add(asset('a', now - 3));
    await put(`asset-index/by-owner/media/alice/${now - 2}-lost.mp4`, '');
    await writer.add(asset('b', now - 1));
    const page = await writer.list({}, { limit: 2 });
    expect(page.assets.map(({ key }) => key)).toEqual(['b', 'a']);
  });

  it('takes an entry that is broken, or of another file, for none', async () => {
    await put('asset-index/by-key/broken', '{');
    await put('asset-index/by-key/other', JSON.stringify(asset('elsewhere')));
    expect(await index().get('broken')).toBeUndefined();
    expect(await index().get('other')).toBeUndefined();
  });

  it('leaves nothing behind when names are too long for an object store', async () => {
    await expect(index().add({ ...asset('a'), owner: 'o'.repeat(300) })).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
    });
    expect(await names()).toEqual([]);
  });
});
