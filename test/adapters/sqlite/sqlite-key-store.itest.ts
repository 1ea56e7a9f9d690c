import { join } from 'node:path';
import { Database } from '../../../src/adapters/sqlite/database.ts';
import { SqliteKeyStore } from '../../../src/adapters/sqlite/sqlite-key-store.ts';
import { keyStoreContract } from '../../contract/key-store.ts';
import { removeFolder, temporaryFolder } from '../processes/runner-setup.ts';

keyStoreContract('SQLite', async () => {
  const folder = await temporaryFolder();
  const database = Database.open(join(folder, 'framewright.db'));
  const other = Database.open(database.path);
  return {
    store: new SqliteKeyStore(database),
    other: new SqliteKeyStore(other),
    async [Symbol.asyncDispose]() {
      await other[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
      await removeFolder(folder);
    },
  };
});
