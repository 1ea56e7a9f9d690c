import { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { CodedError } from '../../errors/coded-error.ts';
import { databaseError, sqliteBusy } from './database-error.ts';

const holder = z.object({ pid: z.int(), host: z.string(), since: z.string() });

/** Keeps locks without another reference from being collected, which would release them. */
const held = new Set<ServerLock>();

/**
 * The right to be the only server on a data directory, held as a SQLite write lock on a file of its own.
 * The kernel keeps that lock for the process and drops it however the process ends, `kill -9` included: there is no stale
 * lock to detect, no reused process id to mistake, and it holds between containers that share the folder.
 */
export class ServerLock implements Disposable {
  readonly #sql: DatabaseSync;

  private constructor(sql: DatabaseSync) {
    this.#sql = sql;
  }

  /** Takes the lock or throws `CONFLICT` with the pid of the holder. */
  static take(path: string, { pid, host }: { readonly pid: number; readonly host: string }): ServerLock {
    const sql = open(path);
    try {
      sql.exec('BEGIN IMMEDIATE');
      sql.exec('CREATE TABLE IF NOT EXISTS holder (pid INTEGER, host TEXT, since TEXT); DELETE FROM holder');
      sql.prepare('INSERT INTO holder VALUES (?, ?, ?)').run(pid, host, new Date().toISOString());
      sql.exec('COMMIT');
      // Held until the end of the process. A write lock without a write lets others read who the holder is. A server that
      // comes in between the two transactions gets the lock, and this BEGIN fails.
      sql.exec('BEGIN IMMEDIATE');
      const lock = new ServerLock(sql);
      held.add(lock);
      return lock;
    } catch (error) {
      const failure = sqliteBusy(error) ? heldBy(sql, path, error) : databaseError(error, path);
      sql.close();
      throw failure;
    }
  }

  /** Idempotent. The file stays: removing it would let a second server lock another file of the same name. */
  [Symbol.dispose](): void {
    held.delete(this);
    if (this.#sql.isOpen) this.#sql.close();
  }
}

function open(path: string): DatabaseSync {
  try {
    return new DatabaseSync(path, { timeout: 500 });
  } catch (error) {
    throw databaseError(error, path);
  }
}

function heldBy(sql: DatabaseSync, path: string, cause: unknown): CodedError {
  const row = sql.prepare('SELECT pid, host, since FROM holder').get();
  const { pid, host, since } = holder.parse(row ?? { pid: 0, host: 'this machine', since: 'a moment ago' });
  return new CodedError(
    'CONFLICT',
    `Expected a data directory without another server, but process ${pid} on ${host} has held ${path} since ${since}`,
    {
      remedy: `Stop the other server (kill ${pid}), or give this one another data directory.`,
      cause,
    },
  );
}
