import { accessSync, constants, existsSync, mkdirSync, realpathSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { CodedError } from '../../errors/coded-error.ts';
import { ServerLock } from './server-lock.ts';

/** Where things lie in the data directory of a single-box installation. */
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

/** A data directory that this process alone serves, until it is disposed of or the process ends. */
export interface DataDirectory extends DataLayout, Disposable {}

/**
 * Makes the folders that are missing, readable by their owner alone, and takes the lock.
 * Throws `STORAGE_UNAVAILABLE` when the folder can't be used, `CONFLICT` when another server holds it.
 */
export function openDataDirectory(directory: string): DataDirectory {
  makeFolder(resolve(directory));
  // One name whatever links lead here: a later server recognises processes of this one by the paths they were given.
  const layout = dataLayout(realpathSync(directory));
  for (const folder of [layout.objects, layout.runs]) makeFolder(folder);
  const lock = ServerLock.take(layout.lock, { pid: process.pid, host: hostname() });
  return { ...layout, [Symbol.dispose]: () => lock[Symbol.dispose]() };
}

function makeFolder(folder: string): void {
  try {
    makeWithParents(folder);
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CodedError('STORAGE_UNAVAILABLE', `Expected a folder that can be written, got: ${reason}`, {
      remedy: `Check the path and the permissions of ${folder}, or give another data directory.`,
      cause: error,
    });
  }
}

/** Not `recursive: true`: Node then repeats for ever where a folder takes no children but exists, such as /proc. */
function makeWithParents(folder: string): void {
  if (existsSync(folder)) return;
  makeWithParents(dirname(folder));
  mkdirSync(folder, { mode: 0o700 });
}
