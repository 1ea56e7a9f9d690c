import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Database } from '../../src/local/database.ts';
import { SqliteKeyStore } from '../../src/local/sqlite-key-store.ts';
import type { ApiKey } from '../../src/ports.ts';
import { removeFolder, temporaryFolder } from './runner-setup.ts';

const key: ApiKey = {
  id: 'k1',
  owner: 'alice',
  role: 'user',
  namespace: 'media',
  digest: 'ab'.repeat(32),
  createdAt: 5,
};

let folder: string;
let database: Database;
let keys: SqliteKeyStore;
beforeEach(async () => {
  folder = await temporaryFolder();
  database = Database.open(join(folder, 'framewright.db'));
  keys = new SqliteKeyStore(database);
});
afterEach(async () => {
  await database[Symbol.asyncDispose]();
  await removeFolder(folder);
});

describe('SqliteKeyStore', () => {
  it('gives back a key as it was added', async () => {
    await keys.add(key);
    expect(await keys.get('k1')).toEqual(key);
    expect(await keys.get('k2')).toBeUndefined();
    expect(await keys.get("k1' OR '1")).toBeUndefined();
  });

  it('refuses an id that is taken and keeps the first key', async () => {
    await keys.add(key);
    await expect(keys.add({ ...key, owner: 'mallory' })).rejects.toMatchObject({ code: 'CONFLICT' });
    expect((await keys.get('k1'))?.owner).toBe('alice');
  });

  it('lists the oldest first', async () => {
    await keys.add({ ...key, id: 'later', createdAt: 9 });
    await keys.add(key);
    expect((await keys.list()).map(({ id }) => id)).toEqual(['k1', 'later']);
  });

  it('revokes once, and says whether there is such a key', async () => {
    await keys.add(key);
    expect(await keys.revoke('k1', 100)).toBe(true);
    expect(await keys.revoke('k1', 200)).toBe(true);
    expect(await keys.revoke('k2', 100)).toBe(false);
    expect(await keys.get('k1')).toEqual({ ...key, revokedAt: 100 });
  });

  it('sees what another process writes', async () => {
    await using other = Database.open(database.path);
    await new SqliteKeyStore(other).add(key);
    expect(await keys.get('k1')).toEqual(key);
  });
});
