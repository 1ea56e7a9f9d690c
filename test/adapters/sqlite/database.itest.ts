import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Database } from '../../../src/adapters/sqlite/database.ts';
import { SqliteJobStore } from '../../../src/adapters/sqlite/sqlite-job-store.ts';
import { systemClock as clock } from '../../../src/lib/system-clock.ts';
import { newJob } from '../../contract/support.ts';
import { removeFolder, temporaryFolder } from '../processes/runner-setup.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  path = join(folder, 'framewright.db');
});
afterEach(async () => {
  await removeFolder(folder);
});

/** The error with which opening the file fails. */
function openError(): unknown {
  try {
    Database.open(path);
  } catch (error) {
    return error;
  }
  throw new Error('Expected opening to fail');
}

const insertKey = "INSERT INTO api_key VALUES (hex(randomblob(16)), 'o', 'user', 'n', hex(randomblob(1000)), 1, NULL)";

/** Lets the file grow no more, and fills it. */
function fill(database: Database): void {
  const pages = Number(database.prepare('PRAGMA page_count').get()?.['page_count']);
  database.prepare(`PRAGMA max_page_count = ${pages}`).get();
  for (const size of [1000, 100, 1]) {
    const insert = insertKey.replace('1000', String(size));
    expect(() => {
      for (;;) database.transaction(() => database.prepare(insert).run());
    }).toThrow(expect.objectContaining({ code: 'STORAGE_FULL' }));
  }
}

describe('Database.open', () => {
  it('makes a private file with write-ahead log and full synchronisation', async () => {
    await using database = Database.open(path);
    expect(statSync(path).mode & 0o077).toBe(0);
    expect(database.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' });
    expect(database.prepare('PRAGMA synchronous').get()).toEqual({ synchronous: 2 });
  });

  it('keeps what is there when it is opened again', async () => {
    {
      await using first = Database.open(path);
      first.transaction(() => first.prepare(insertKey).run());
    }
    await using second = Database.open(path);
    expect(second.prepare('SELECT count(*) AS keys FROM api_key').get()).toEqual({ keys: 1 });
  });

  it('rejects a file that is not a database', () => {
    writeFileSync(path, 'These are the notes of a person.\n'.repeat(100));
    expect(openError()).toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    expect(readFileSync(path, 'utf8')).toContain('notes of a person');
  });

  it('rejects the database of another application', () => {
    const other = new DatabaseSync(path);
    other.exec('CREATE TABLE recipe (name TEXT)');
    other.close();
    expect(String(openError())).toContain("another application's");
  });

  it('rejects a database of a later version and says what to do', async () => {
    await Database.open(path)[Symbol.asyncDispose]();
    const later = new DatabaseSync(path);
    later.exec('PRAGMA user_version = 999');
    later.close();
    const error = openError();
    expect(String(error)).toContain('got version 999');
    expect(error).toMatchObject({ code: 'STORAGE_UNAVAILABLE', remedy: expect.stringContaining('newer') as unknown });
  });

  it('finds damage', async () => {
    {
      await using database = Database.open(path);
      database.transaction(() => {
        for (let index = 0; index < 500; index += 1) database.prepare(insertKey).run();
      });
    }
    truncateSync(path, Math.floor(statSync(path).size / 2));
    expect(openError()).toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
  });

  it('works for several processes that open a new file at the same moment', async () => {
    const program = fileURLToPath(import.meta.resolve('../../fixtures/database-opener.ts'));
    const args = ['--disable-warning=ExperimentalWarning', program, path, String(Date.now() + 1000)];
    const openers = await Promise.all(
      Array.from({ length: 4 }, async () => promisify(execFile)(process.execPath, args)),
    );
    expect(openers.map(({ stdout }) => stdout.trim())).toEqual(['written', 'written', 'written', 'written']);
    await using database = Database.open(path);
    expect(database.prepare('SELECT count(*) AS keys FROM api_key').get()).toEqual({ keys: 4 });
  });

  it('rejects a path where no file can be', () => {
    path = join(folder, 'no', 'such', 'folder', 'framewright.db');
    expect(openError()).toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    path = join(folder, 'a-folder');
    mkdirSync(path);
    expect(openError()).toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
  });
});

describe('a transaction', () => {
  it('leaves nothing behind when it fails', async () => {
    await using database = Database.open(path);
    expect(() =>
      database.transaction(() => {
        database.prepare(insertKey).run();
        throw new Error('halfway');
      }),
    ).toThrow('halfway');
    expect(database.prepare('SELECT count(*) AS keys FROM api_key').get()).toEqual({ keys: 0 });
    expect(database.failure).toBeUndefined();
  });
});

describe('a full disk', () => {
  it('is reported as such, shows in the health of the store, and recovers by itself', async () => {
    await using database = Database.open(path);
    const store = new SqliteJobStore(database, { clock, defaultTtlSeconds: 1 });
    await store.create(newJob('before'));
    fill(database);
    const big = newJob('during', { annotations: { note: 'x'.repeat(20_000) } });
    await expect(store.create(big)).rejects.toMatchObject({ code: 'STORAGE_FULL' });
    expect(store.health().synced).toBe(false);
    expect((await store.list({})).jobs.map(({ metadata }) => metadata.name)).toEqual(['before']);
    database.prepare('PRAGMA max_page_count = 1000000').get();
    expect(store.health()).toMatchObject({ synced: true, lastContactMs: 0 });
    expect((await store.create(big)).created).toBe(true);
  });
});

describe('a closed database', () => {
  it('is no contact', async () => {
    const database = Database.open(path);
    const store = new SqliteJobStore(database, { clock, defaultTtlSeconds: 1 });
    await database[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
    await clock.sleep(5);
    const { synced, lastContactMs } = store.health();
    expect(synced).toBe(false);
    expect(lastContactMs).toBeGreaterThan(0);
  });
});

describe('the default retention', () => {
  it('holds for jobs that finished under another one', async () => {
    await using database = Database.open(path);
    const before = new SqliteJobStore(database, { clock, defaultTtlSeconds: 1000 });
    const { job } = await before.create(newJob('a'));
    const finishedAt = '2026-03-01T12:00:00.000Z';
    const status = {
      phase: 'Succeeded',
      reason: 'Completed',
      message: 'Done.',
      attempt: 1,
      failures: 0,
      disruptions: 0,
      finishedAt,
    } as const;
    await before.writeStatus(job.metadata, job.metadata.resourceVersion, status);
    const after = new SqliteJobStore(database, { clock, defaultTtlSeconds: 10 });
    expect(await after.listExpired(Date.parse(finishedAt) + 9999, 10)).toEqual([]);
    expect(await after.listExpired(Date.parse(finishedAt) + 10_000, 10)).toHaveLength(1);
  });
});
