import { closeSync, openSync } from 'node:fs';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { z } from 'zod';
import { CodedError } from '../../errors/coded-error.ts';
import { databaseError, isStorageFailure, sqliteBusy } from './database-error.ts';
import { applicationId, migrations } from './schema.ts';

/** How long another process may hold the lock of the file before an access fails, in milliseconds. */
const lockTimeoutMs = 5000;
const lockPollMs = 10;

const numbers = z.record(z.string(), z.int());

/**
 * The SQLite file of a single machine.
 * Every failure of the disk is thrown as CodedError `STORAGE_FULL` or `STORAGE_UNAVAILABLE`.
 */
export class Database implements AsyncDisposable {
  readonly path: string;
  readonly #sql: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #failure: CodedError | undefined;

  private constructor(path: string, sql: DatabaseSync) {
    this.path = path;
    this.#sql = sql;
  }

  /** Opens or creates the file, checks it and migrates its schema. */
  static open(path: string): Database {
    createPrivateFile(path);
    const database = new Database(
      path,
      translated(path, () => new DatabaseSync(path, { timeout: lockTimeoutMs })),
    );
    try {
      database.#prepareFile();
      return database;
    } catch (error) {
      database.#sql.close();
      throw error;
    }
  }

  /** Why the last access failed; undefined after a successful one. */
  get failure(): CodedError | undefined {
    return this.#failure;
  }

  get isOpen(): boolean {
    return this.#sql.isOpen;
  }

  /** A prepared statement; the same text is compiled once. */
  prepare(text: string): StatementSync {
    const known = this.#statements.get(text);
    if (known !== undefined) return known;
    const statement = this.#sql.prepare(text);
    this.#statements.set(text, statement);
    return statement;
  }

  /** Reads outside a transaction. */
  read<T>(work: () => T): T {
    return this.#watched(work);
  }

  /** Runs `work` in one transaction that holds the write lock from its start; an error rolls all of it back. */
  transaction<T>(work: () => T): T {
    const value = this.#watched(() => {
      this.#sql.exec('BEGIN IMMEDIATE');
      try {
        const result = work();
        this.#sql.exec('COMMIT');
        return result;
      } catch (error) {
        // After a full disk or an I/O error SQLite may have rolled back by itself.
        if (this.#sql.isTransaction) this.#sql.exec('ROLLBACK');
        throw error;
      }
    });
    this.#failure = undefined;
    return value;
  }

  /** Writes a few pages when the last access failed, so that free space is noticed without other traffic. */
  probe(): void {
    if (this.#failure === undefined) return;
    try {
      // Two commits: what one transaction both adds and removes need not reach the disk.
      this.transaction(() => this.prepare('INSERT INTO probe VALUES (zeroblob(65536))').run());
      this.transaction(() => this.prepare('DELETE FROM probe').run());
    } catch (error) {
      if (!isStorageFailure(error)) throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#statements.clear();
    if (this.#sql.isOpen) this.#sql.close();
  }

  #watched<T>(work: () => T): T {
    try {
      return translated(this.path, work);
    } catch (error) {
      if (isStorageFailure(error)) this.#failure = error;
      throw error;
    }
  }

  #pragma(name: string): number {
    return numbers.parse(this.#sql.prepare(`PRAGMA ${name}`).get())[name] ?? 0;
  }

  #prepareFile(): void {
    translated(this.path, () => {
      this.#useWriteAheadLog();
      // FULL, not NORMAL: in WAL mode NORMAL may lose the last commits when the power goes, and a job whose creation was
      // answered must not be lost. A job's whole life is about five commits, so one fsync for each is affordable.
      this.#sql.exec('PRAGMA synchronous = FULL');
      this.#rejectForeignFile();
      this.#checkIntegrity();
      this.#migrate();
    });
  }

  /** SQLite does not wait for the lock, as it does elsewhere, when two processes switch a new file at the same time. */
  #useWriteAheadLog(): void {
    for (let waited = 0; ; waited += lockPollMs) {
      try {
        this.#sql.exec('PRAGMA journal_mode = WAL');
        return;
      } catch (error) {
        if (!sqliteBusy(error) || waited >= lockTimeoutMs) throw error;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, lockPollMs);
      }
    }
  }

  #rejectForeignFile(): void {
    const version = this.#pragma('user_version');
    const tables =
      numbers.parse(this.#sql.prepare('SELECT count(*) AS tables FROM sqlite_schema').get())['tables'] ?? 0;
    if (tables > 0 && this.#pragma('application_id') !== applicationId) {
      throw new CodedError(
        'STORAGE_UNAVAILABLE',
        `Expected a database of Framewright, got another application's: ${this.path}`,
        {
          remedy: 'Give another data directory.',
        },
      );
    }
    if (version > migrations.length) {
      throw new CodedError(
        'STORAGE_UNAVAILABLE',
        `Expected a database of schema version ${migrations.length} or less, got version ${version}: ${this.path}`,
        { remedy: 'It was written by a newer Framewright: run that one, or restore a backup from before the upgrade.' },
      );
    }
  }

  #checkIntegrity(): void {
    const answer = z
      .object({ quick_check: z.string() })
      .parse(this.#sql.prepare('PRAGMA quick_check(1)').get()).quick_check;
    if (answer === 'ok') return;
    throw new CodedError('STORAGE_UNAVAILABLE', `Expected an intact database, but ${this.path} is damaged: ${answer}`, {
      remedy: 'Restore it from a backup, or move it away to start with an empty one.',
    });
  }

  #migrate(): void {
    for (const [index, script] of migrations.entries()) {
      if (this.#pragma('user_version') > index) continue;
      // The version changes in the same transaction, so that a crash leaves either schema whole; it is read again in it,
      // since another process may have opened the same new file at the same time.
      this.transaction(() => {
        if (this.#pragma('user_version') > index) return;
        this.#sql.exec(`${script}; PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${index + 1}`);
      });
    }
  }
}

function translated<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw databaseError(error, path);
  }
}

/** SQLite creates files that all can read; digests of keys and URLs of inputs are for the owner only. */
function createPrivateFile(path: string): void {
  try {
    closeSync(openSync(path, 'a', 0o600));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CodedError('STORAGE_UNAVAILABLE', `Expected a writable database file ${path}, got: ${reason}`, {
      remedy: 'Check that its folder exists and that the user of this process may write there.',
      cause: error,
    });
  }
}
