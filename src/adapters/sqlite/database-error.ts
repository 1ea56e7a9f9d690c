import { z } from 'zod';
import { CodedError } from '../../errors/coded-error.ts';

const sqliteError = z.object({ code: z.literal('ERR_SQLITE_ERROR'), errcode: z.int(), errstr: z.string() });

const busy = 5;
const full = 13;

// Primary result codes, https://www.sqlite.org/rescode.html; the low byte of an extended code.
const meanings: Readonly<Record<number, { readonly problem: string; readonly remedy: string }>> = {
  [busy]: { problem: 'is locked by another process', remedy: 'End the other process that uses this data directory.' },
  8: { problem: 'cannot be written', remedy: 'Give the user of this process write permission on the data directory.' },
  10: { problem: 'could not be read or written: the disk failed', remedy: 'Check the disk and the kernel log.' },
  11: { problem: 'is damaged', remedy: 'Restore it from a backup, or move it away to start with an empty one.' },
  14: {
    problem: 'could not be opened',
    remedy: 'Check that its folder exists and belongs to the user of this process.',
  },
  26: { problem: 'is not a SQLite database', remedy: 'Give another data directory, or move the file away.' },
};

/**
 * Turns what node:sqlite throws into a CodedError (`STORAGE_FULL`, `STORAGE_UNAVAILABLE`) that names the file.
 * Any other error, a broken constraint for example, is a defect and is returned as it is.
 */
export function databaseError(error: unknown, path: string): unknown {
  const parsed = sqliteError.safeParse(error);
  if (!parsed.success) return error;
  const primary = parsed.data.errcode & 0xff;
  if (primary === full) {
    return new CodedError('STORAGE_FULL', `Expected room to write to the database ${path}, got a full disk`, {
      cause: error,
    });
  }
  const meaning = meanings[primary];
  if (meaning === undefined) return error;
  const message = `Expected a readable and writable database, but ${path} ${meaning.problem} (${parsed.data.errstr})`;
  return new CodedError('STORAGE_UNAVAILABLE', message, { remedy: meaning.remedy, cause: error });
}

/** Whether an error of node:sqlite means that another connection holds the lock. */
export function sqliteBusy(error: unknown): boolean {
  const parsed = sqliteError.safeParse(error);
  return parsed.success && (parsed.data.errcode & 0xff) === busy;
}

/** Whether an error means that the storage failed, rather than that the request was wrong. */
export function isStorageFailure(error: unknown): error is CodedError {
  return error instanceof CodedError && (error.code === 'STORAGE_FULL' || error.code === 'STORAGE_UNAVAILABLE');
}
