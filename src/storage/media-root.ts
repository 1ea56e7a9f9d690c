import { realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { CodedError } from '../errors.ts';
import { storageError, systemCode } from './storage-error.ts';

/**
 * The real path of a file below the media root, for use in place. Links are followed as long as they stay inside.
 * Rejects with `SOURCE_FORBIDDEN` for a path that leads outside, `SOURCE_NOT_FOUND` for one that leads to no file.
 */
export async function fileUnderRoot(root: string | undefined, path: string): Promise<string> {
  if (root === undefined) {
    throw new CodedError('SOURCE_FORBIDDEN', `Expected a media root for the file ${path}, got none configured`, {
      hint: 'Start the server with `--media-root DIR`, or upload the file.',
    });
  }
  const top = await real(root, 'the media root');
  const file = await real(join(top, path), path);
  if (!file.startsWith(top.endsWith(sep) ? top : top + sep)) {
    throw new CodedError(
      'SOURCE_FORBIDDEN',
      `Expected ${path} to lie under the media root, got a path that leads outside`,
    );
  }
  if (!(await stat(file)).isFile()) {
    throw new CodedError('SOURCE_NOT_FOUND', `Expected ${path} to be a file, got something else`);
  }
  return file;
}

async function real(path: string, label: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP' || code === 'EACCES' || code === 'ENAMETOOLONG') {
      throw new CodedError('SOURCE_NOT_FOUND', `Expected ${label} to be there, got ${code}`, { cause: error });
    }
    throw storageError(`read ${label}`, error);
  }
}
