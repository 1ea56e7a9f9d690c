import { randomUUID } from 'node:crypto';
import { lstat, mkdir, readdir, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CodedError } from '../../errors/coded-error.ts';
import type { Upload } from '../../ports/object-store.ts';
import { assertObjectKey } from './object-key.ts';
import { isMissing, storageError } from './storage-error.ts';

/** The local folder of uploads: files that are being written and are not visible yet. */
export class UploadFolder {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** Rejects with `INVALID_REQUEST` for a text that is no key, `STORAGE_FULL` or `STORAGE_UNAVAILABLE`. */
  async create(key: string): Promise<Upload> {
    assertObjectKey(key);
    try {
      await mkdir(this.#dir, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw storageError(`create an upload of the object ${key}`, error);
    }
    const id = randomUUID();
    // The extension stays: programs choose the format of a file by it.
    return { id, key, path: join(this.#dir, `${id}-${basename(key).slice(-100)}`) };
  }

  /** Throws `INTERNAL_ERROR` for an upload of another folder. */
  assertOwn({ path }: Upload): void {
    if (dirname(path) === this.#dir) return;
    throw new CodedError('INTERNAL_ERROR', 'Expected an upload that this store has created, got a file elsewhere');
  }

  /** Idempotent. */
  async discard(upload: Upload): Promise<void> {
    this.assertOwn(upload);
    await unlinkIfPresent(upload.path, `discard the upload of the object ${upload.key}`);
  }

  /** Removes files that are unchanged since `olderThan` (Unix milliseconds); returns their number. */
  async sweep(olderThan: number): Promise<number> {
    let removed = 0;
    for (const name of await namesIn(this.#dir)) {
      const path = join(this.#dir, name);
      const stats = await lstat(path).catch(() => undefined);
      if (stats === undefined || stats.mtimeMs >= olderThan) continue;
      await unlinkIfPresent(path, 'remove an abandoned upload');
      removed += 1;
    }
    return removed;
  }
}

/** Removes a file; one that does not exist is no failure. `action` names the removal in the error. */
export async function unlinkIfPresent(path: string, action: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if (!isMissing(error)) throw storageError(action, error);
  });
}

async function namesIn(dir: string): Promise<string[]> {
  return readdir(dir).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw storageError('list the uploads', error);
  });
}
