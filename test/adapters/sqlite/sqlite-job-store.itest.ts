import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Database } from '../../../src/adapters/sqlite/database.ts';
import { SqliteJobStore } from '../../../src/adapters/sqlite/sqlite-job-store.ts';
import { systemClock as clock } from '../../../src/lib/system-clock.ts';
import { jobStoreContract } from '../../contract/job-store.ts';

jobStoreContract('SQLite', async ({ defaultTtlSeconds }) => {
  const folder = await mkdtemp(join(tmpdir(), 'framewright-store-'));
  const open: Database[] = [];
  const reopen = async () => {
    await open.at(-1)?.[Symbol.asyncDispose]();
    const database = Database.open(join(folder, 'framewright.db'));
    open.push(database);
    return new SqliteJobStore(database, { clock, defaultTtlSeconds });
  };
  return {
    store: await reopen(),
    reopen,
    async [Symbol.asyncDispose]() {
      for (const database of open) await database[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
});
