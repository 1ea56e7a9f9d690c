import { mkdir, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { CodedError } from '../../errors/coded-error.ts';
import { storageError, systemCode } from '../object-store/storage-error.ts';

/**
 * The real path of a file below the media root, which is read there. Links are followed as long as they stay inside.
 * Rejects with `SOURCE_FORBIDDEN` for a path that leads outside, `SOURCE_NOT_FOUND` for one that leads to no file.
 */
export async function fileUnderRoot(root: string | undefined, path: string): Promise<string> {
  if (root === undefined) {
    throw new CodedError('SOURCE_FORBIDDEN', `Expected a media root for the file ${path}, but this server has none`, {
      remedy: 'Start the server with `--media-root DIR`, or upload the file.',
    });
  }
  const top = await real(root, 'the media root');
  const file = await real(join(top, path), path);
  if (!isBelow(file, top)) throw outside(path);
  if (!(await stat(file)).isFile()) {
    throw new CodedError('SOURCE_NOT_FOUND', `Expected ${path} to be a file, got something else`);
  }
  return file;
}

/**
 * The real path of a folder below a root, which is created when it does not exist. Links are followed as long as they stay inside.
 * Rejects with `SOURCE_FORBIDDEN` for a path that leads outside, `STORAGE_UNAVAILABLE`, `STORAGE_FULL`.
 */
export async function folderUnderRoot(root: string, path: string): Promise<string> {
  try {
    const top = await realpath(root);
    let folder = top;
    // One by one: nothing is created behind a link that leads outside.
    for (const part of path.split('/').filter((name) => name !== '')) {
      await mkdir(join(folder, part)).catch((error: unknown) => {
        if (systemCode(error) !== 'EEXIST') throw error;
      });
      folder = await realpath(join(folder, part));
      if (folder !== top && !isBelow(folder, top)) throw outside(path);
    }
    return folder;
  } catch (error) {
    throw storageError(`create the folder ${path}`, error);
  }
}

function isBelow(path: string, top: string): boolean {
  return path.startsWith(top.endsWith(sep) ? top : top + sep);
}

function outside(path: string): CodedError {
  return new CodedError('SOURCE_FORBIDDEN', `Expected a path below the root, got ${path}, which leads outside`);
}

async function real(path: string, label: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP' || code === 'EACCES' || code === 'ENAMETOOLONG') {
      throw new CodedError('SOURCE_NOT_FOUND', `Expected ${label} to exist and to be readable, got ${code}`, {
        cause: error,
      });
    }
    throw storageError(`read ${label}`, error);
  }
}
