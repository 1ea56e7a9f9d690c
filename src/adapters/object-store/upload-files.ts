import { randomUUID } from 'node:crypto';
import { lstat, mkdir, readdir, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CodedError } from '../../errors/coded-error.ts';
import type { Upload } from '../../ports/object-store.ts';
import { assertObjectKey } from './object-key.ts';
import { isMissing, storageError } from './storage-error.ts';

/** The folder of files that are being written and that nobody sees yet. */
export interface UploadFolder {
  /** A file to write to; rejects with `INVALID_REQUEST` for a key that is none, `STORAGE_FULL`, `STORAGE_UNAVAILABLE`. */
  readonly stage: (key: string) => Promise<Upload>;
  /** Throws `INTERNAL_ERROR` for a file that was not staged here. */
  readonly assertOwn: (staged: Upload) => void;
  /** Idempotent. */
  readonly discard: (staged: Upload) => Promise<void>;
  /** Removes files that nobody has written to since `olderThan` (Unix milliseconds); returns how many. */
  readonly sweep: (olderThan: number) => Promise<number>;
}

export function createUploadFolder(dir: string): UploadFolder {
  const assertOwn = ({ path }: Upload): void => {
    if (dirname(path) === dir) return;
    throw new CodedError('INTERNAL_ERROR', 'Expected a file that this store has staged, got one from elsewhere');
  };
  return {
    assertOwn,

    async stage(key) {
      assertObjectKey(key);
      try {
        await mkdir(dir, { recursive: true, mode: 0o700 });
      } catch (error) {
        throw storageError(`stage the object ${key}`, error);
      }
      // The ending stays: programs choose the format of a file by it.
      return { key, path: join(dir, `${randomUUID()}-${basename(key).slice(-100)}`) };
    },

    async discard(staged) {
      assertOwn(staged);
      await unlinkIfThere(staged.path, `discard the staged object ${staged.key}`);
    },

    async sweep(olderThan) {
      let removed = 0;
      for (const name of await namesIn(dir)) {
        const path = join(dir, name);
        const stats = await lstat(path).catch(() => undefined);
        if (stats === undefined || stats.mtimeMs >= olderThan) continue;
        await unlinkIfThere(path, 'remove a staged file');
        removed += 1;
      }
      return removed;
    },
  };
}

export async function unlinkIfThere(path: string, doing: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if (!isMissing(error)) throw storageError(doing, error);
  });
}

async function namesIn(dir: string): Promise<string[]> {
  return readdir(dir).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw storageError('list the staged objects', error);
  });
}
