import { accessSync, constants, existsSync, mkdirSync, realpathSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { CodedError } from '../../errors/coded-error.ts';
import { ServerLock } from './server-lock.ts';

/** The paths in the data directory of a single machine. */
export interface DataLayout {
  readonly root: string;
  readonly database: string;
  /** Folder of the directory object store. */
  readonly objects: string;
  /** One folder per run: scratch, result and log. */
  readonly runs: string;
  readonly adminKey: string;
  readonly lock: string;
}

export function dataLayout(directory: string): DataLayout {
  const root = resolve(directory);
  return {
    root,
    database: join(root, 'framewright.db'),
    objects: join(root, 'objects'),
    runs: join(root, 'runs'),
    adminKey: join(root, 'admin-key'),
    lock: join(root, 'lock'),
  };
}

/** A data directory with the lock of this process, until it is disposed of or the process ends. */
export interface DataDirectory extends DataLayout, Disposable {}

/**
 * Creates the missing folders, readable by their owner only, and takes the lock.
 * Throws `STORAGE_UNAVAILABLE` when the folder cannot be used, `CONFLICT` when another server holds the lock.
 */
export function openDataDirectory(directory: string): DataDirectory {
  createFolder(resolve(directory));
  // One path whatever links lead here: a later server recognises processes of this one by their paths.
  const layout = dataLayout(realpathSync(directory));
  for (const folder of [layout.objects, layout.runs]) createFolder(folder);
  const lock = ServerLock.take(layout.lock, { pid: process.pid, host: hostname() });
  return { ...layout, [Symbol.dispose]: () => lock[Symbol.dispose]() };
}

function createFolder(folder: string): void {
  try {
    createWithParents(folder);
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CodedError('STORAGE_UNAVAILABLE', `Expected a folder that can be written, got: ${reason}`, {
      remedy: `Check the path and the permissions of ${folder}, or give another data directory.`,
      cause: error,
    });
  }
}

/** Not `recursive: true`: Node repeats that for ever in a folder without room for children, such as /proc. */
function createWithParents(folder: string): void {
  if (existsSync(folder)) return;
  createWithParents(dirname(folder));
  mkdirSync(folder, { mode: 0o700 });
}
