import { randomUUID } from 'node:crypto';
import { lstat, mkdir, readdir, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CodedError } from '../../errors/coded-error.ts';
import type { Upload } from '../../ports/object-store.ts';
import { assertObjectKey } from './object-key.ts';
import { isMissing, storageError } from './storage-error.ts';

/** The folder of uploads: files that are being written and are not visible yet. */
export interface UploadFolder {
  /** Rejects with `INVALID_REQUEST` for a text that is no key, `STORAGE_FULL` or `STORAGE_UNAVAILABLE`. */
  readonly create: (key: string) => Promise<Upload>;
  /** Throws `INTERNAL_ERROR` for an upload of another folder. */
  readonly assertOwn: (upload: Upload) => void;
  /** Idempotent. */
  readonly discard: (upload: Upload) => Promise<void>;
  /** Removes files that are unchanged since `olderThan` (Unix milliseconds); returns their number. */
  readonly sweep: (olderThan: number) => Promise<number>;
}

export function createUploadFolder(dir: string): UploadFolder {
  const assertOwn = ({ path }: Upload): void => {
    if (dirname(path) === dir) return;
    throw new CodedError('INTERNAL_ERROR', 'Expected an upload that this store has created, got a file elsewhere');
  };
  return {
    assertOwn,

    async create(key) {
      assertObjectKey(key);
      try {
        await mkdir(dir, { recursive: true, mode: 0o700 });
      } catch (error) {
        throw storageError(`create an upload of the object ${key}`, error);
      }
      const id = randomUUID();
      // The extension stays: programs choose the format of a file by it.
      return { id, key, path: join(dir, `${id}-${basename(key).slice(-100)}`) };
    },

    async discard(upload) {
      assertOwn(upload);
      await unlinkIfThere(upload.path, `discard the upload of the object ${upload.key}`);
    },

    async sweep(olderThan) {
      let removed = 0;
      for (const name of await namesIn(dir)) {
        const path = join(dir, name);
        const stats = await lstat(path).catch(() => undefined);
        if (stats === undefined || stats.mtimeMs >= olderThan) continue;
        await unlinkIfThere(path, 'remove an abandoned upload');
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
    throw storageError('list the uploads', error);
  });
}
