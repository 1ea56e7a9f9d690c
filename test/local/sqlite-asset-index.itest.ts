import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Database } from '../../src/local/database.ts';
import { SqliteAssetIndex } from '../../src/local/sqlite-asset-index.ts';
import type { Asset } from '../../src/ports.ts';
import { removeFolder, temporaryFolder } from './runner-setup.ts';

function asset(key: string, more: Partial<Asset> = {}): Asset {
  const filename = `holiday "1"; 💥.mp4`;
  return {
    key,
    owner: 'alice',
    namespace: 'media',
    filename,
    mediaType: 'video/mp4',
    bytes: 2 ** 40,
    sha256: 'cd'.repeat(32),
    createdAt: 7,
    ...more,
  };
}

let folder: string;
let database: Database;
let index: SqliteAssetIndex;
beforeEach(async () => {
  folder = await temporaryFolder();
  database = Database.open(join(folder, 'framewright.db'));
  index = new SqliteAssetIndex(database);
});
afterEach(async () => {
  await database[Symbol.asyncDispose]();
  await removeFolder(folder);
});

describe('SqliteAssetIndex', () => {
  it('gives back an asset as it was added', async () => {
    await index.add(asset('a.mp4'));
    expect(await index.get('a.mp4')).toEqual(asset('a.mp4'));
    expect(await index.get('b.mp4')).toBeUndefined();
  });

  it('refuses a key that is taken', async () => {
    await index.add(asset('a.mp4'));
    await expect(index.add(asset('a.mp4', { owner: 'mallory' }))).rejects.toMatchObject({ code: 'CONFLICT' });
    expect((await index.get('a.mp4'))?.owner).toBe('alice');
  });

  it('lists the newest first, by owner and namespace', async () => {
    await index.add(asset('a'));
    await index.add(asset('b', { owner: 'bob' }));
    await index.add(asset('c', { namespace: 'other' }));
    const keysOf = async (filter: Parameters<SqliteAssetIndex['list']>[0]) =>
      (await index.list(filter, { limit: 10 })).assets.map(({ key }) => key);
    expect(await keysOf({})).toEqual(['c', 'b', 'a']);
    expect(await keysOf({ owner: 'alice' })).toEqual(['c', 'a']);
    expect(await keysOf({ owner: 'alice', namespace: 'media' })).toEqual(['a']);
  });

  it('pages through all of them once while more are added', async () => {
    for (let number = 0; number < 5; number += 1) await index.add(asset(`old-${number}`));
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await index.list({}, { limit: 2, ...(cursor === undefined ? {} : { cursor }) });
      seen.push(...page.assets.map(({ key }) => key));
      cursor = page.cursor;
      await index.add(asset(`new-${seen.length}`));
    } while (cursor !== undefined);
    expect(seen).toEqual(['old-4', 'old-3', 'old-2', 'old-1', 'old-0']);
  });

  it('removes, and is at peace with what is gone', async () => {
    await index.add(asset('a'));
    await index.remove('a');
    await index.remove('a');
    expect(await index.get('a')).toBeUndefined();
  });

  it('refuses a cursor that it did not give', async () => {
    await expect(index.list({}, { limit: 1, cursor: 'nonsense' })).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
  });
});
