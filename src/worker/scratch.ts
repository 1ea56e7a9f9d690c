import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { storageError } from '../adapters/object-store/storage-error.ts';
import type { PlannedFile } from '../media/planning/plan.ts';

/**
 * Creates the folder for fetched inputs and unfinished outputs, and removes files of an earlier run from it. The folder
 * itself is kept: in a pod it is a volume, which cannot be removed.
 */
export async function prepareScratch(dir: string): Promise<void> {
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    for (const name of await readdir(dir)) await rm(join(dir, name), { recursive: true, force: true });
  } catch (error) {
    throw storageError('create the scratch folder', error);
  }
}

/** Writes the small files that the processes of a plan read. */
export async function writePlannedFiles(files: readonly PlannedFile[]): Promise<void> {
  for (const { path, content } of files) {
    await writeFile(path, content, { mode: 0o600 }).catch((error: unknown) => {
      throw storageError('write a work file', error);
    });
  }
}

/** Runs `work` with a new folder, which is removed afterwards. */
export async function withTemporaryFolder<T>(work: (dir: string) => Promise<T>, parent: string = tmpdir()): Promise<T> {
  const dir = await mkdtemp(join(parent, 'framewright-')).catch((error: unknown) => {
    throw storageError('create a temporary folder', error);
  });
  try {
    return await work(dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
