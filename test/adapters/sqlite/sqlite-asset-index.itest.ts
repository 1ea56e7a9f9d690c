import { join } from 'node:path';
import { Database } from '../../../src/adapters/sqlite/database.ts';
import { SqliteAssetIndex } from '../../../src/adapters/sqlite/sqlite-asset-index.ts';
import { assetIndexContract } from '../../contract/asset-index.ts';
import { removeFolder, temporaryFolder } from '../processes/runner-setup.ts';

assetIndexContract('SQLite', async () => {
  const folder = await temporaryFolder();
  const database = Database.open(join(folder, 'framewright.db'));
  const other = Database.open(database.path);
  return {
    index: new SqliteAssetIndex(database),
    other: new SqliteAssetIndex(other),
    async [Symbol.asyncDispose]() {
      await other[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
      await removeFolder(folder);
    },
  };
});
