import { createHash } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { access, link, lstat, mkdir, open, readdir, realpath, rename, unlink } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { CodedError } from '../../errors/coded-error.ts';
import type { ObjectInfo, ObjectStore } from '../../ports/object-store.ts';
import { assertObjectKey, isObjectKey } from './object-key.ts';
import { isMissing, storageError, systemCode } from './storage-error.ts';
import { createUploadFolder, unlinkIfThere } from './upload-files.ts';

export interface DirectoryStoreOptions {
  /** Folder of the objects; made when it is not there. */
  readonly dir: string;
  /** Start of the URLs under which clients reach objects, without a slash at its end; none when absent. */
  readonly baseUrl?: string;
  /** Whether the file system has hard links; found out with each publication when absent. */
  readonly hardLinks?: false;
}

/** An ObjectStore whose objects are plain files that programs on this machine can use in place. */
export interface DirectoryStore extends ObjectStore {
  /** The file of an object, to be read only; `undefined` when there is no such object. */
  localPath(key: string): Promise<string | undefined>;
  /** Rejects with `STORAGE_UNAVAILABLE` when the folder cannot be made or written to. */
  check(): Promise<void>;
  /** Removes abandoned uploads, unchanged since `olderThan` (Unix milliseconds); returns their number. */
  sweep(olderThan: number): Promise<number>;
}

/** Keys cannot begin with a dot, so no key reaches it; objects and uploads share a file system. */
const uploadsName = '.uploads';

/** Objects as files of a folder: uploads beside them, published by a hard link, which never replaces a file. */
export function createDirectoryStore({ dir, baseUrl = '', hardLinks }: DirectoryStoreOptions): DirectoryStore {
  const uploads = createUploadFolder(join(dir, uploadsName));

  const describe = (key: string, stats: Stats): ObjectInfo => ({
    key,
    bytes: stats.size,
    modifiedAt: Math.floor(stats.mtimeMs),
    etag: etagOf(stats),
  });

  /** The file of a key, when it and its folders are what they seem: a link could lead out of the root. */
  const fileOf = async (key: string): Promise<{ readonly path: string; readonly stats: Stats } | undefined> => {
    const path = join(dir, assertObjectKey(key));
    try {
      const stats = await lstat(path);
      if (!stats.isFile()) return undefined;
      const root = await realpath(dir);
      const folder = await realpath(dirname(path));
      return folder === root || folder.startsWith(root + sep) ? { path, stats } : undefined;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw storageError(`read the object ${key}`, error);
    }
  };

  return {
    async stat(key) {
      const file = await fileOf(key);
      return file && describe(key, file.stats);
    },

    async localPath(key) {
      return (await fileOf(key))?.path;
    },

    async read(key, range) {
      const file = await fileOf(key);
      if (file === undefined) throw new CodedError('NOT_FOUND', `Expected the object ${key}, got none of that key`);
      if (range !== undefined && (range.start < 0 || range.start > range.end || range.start >= file.stats.size)) {
        throw new CodedError('RANGE_NOT_SATISFIABLE', `Expected a range within ${file.stats.size} bytes, got another`);
      }
      try {
        const handle = await open(file.path, constants.O_RDONLY | constants.O_NOFOLLOW);
        return handle.createReadStream(range && { start: range.start, end: range.end });
      } catch (error) {
        throw storageError(`read the object ${key}`, error);
      }
    },

    createUpload: uploads.create,

    async publish(upload) {
      const target = join(dir, assertObjectKey(upload.key));
      uploads.assertOwn(upload);
      try {
        await sync(upload.path);
        await mkdir(dirname(target), { recursive: true });
        if (hardLinks === false || !(await moveByLink(upload.path, target))) {
          await moveByClaim(upload.path, target, join(dir, uploadsName));
        }
        await sync(dirname(target));
        return describe(upload.key, await lstat(target));
      } catch (error) {
        if (systemCode(error) === 'EEXIST') {
          throw new CodedError('CONFLICT', `Expected no object ${upload.key}, got one that was published before`, {
            cause: error,
          });
        }
        throw storageError(`publish the object ${upload.key}`, error);
      }
    },

    discard: uploads.discard,

    async remove(key) {
      const file = await fileOf(key);
      if (file !== undefined) await unlinkIfThere(file.path, `remove the object ${key}`);
    },

    async *list(prefix) {
      for (const key of (await keysBelow(dir, '')).toSorted()) {
        if (!key.startsWith(prefix)) continue;
        const file = await fileOf(key);
        if (file !== undefined) yield describe(key, file.stats);
      }
    },

    urlFor(key) {
      // The keys of this store are unguessable and its objects are removed with their jobs: their URLs do not expire.
      return Promise.resolve(`${baseUrl}/assets/${assertObjectKey(key).split('/').map(encodeURIComponent).join('/')}`);
    },

    async check() {
      try {
        await mkdir(dir, { recursive: true });
        await access(dir, constants.R_OK | constants.W_OK | constants.X_OK);
      } catch (error) {
        throw storageError('keep objects in their folder', error);
      }
    },

    sweep: uploads.sweep,
  };
}

/** Changes whenever the content does: objects are never written twice, so inode, size and time identify the bytes. */
function etagOf({ ino, size, mtimeMs }: Stats): string {
  return createHash('sha256').update(`${ino}-${size}-${mtimeMs}`).digest('hex').slice(0, 32);
}

/** Some file systems of volumes (SMB, FUSE) have no hard links. */
const noLinks: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/** Gives a file its name in one step, or fails with EEXIST, as rename would not. False where there are no links. */
async function moveByLink(path: string, target: string): Promise<boolean> {
  try {
    await link(path, target);
  } catch (error) {
    if (noLinks.has(systemCode(error) ?? '')) return false;
    throw error;
  }
  await unlink(path);
  return true;
}

/** The same with a rename, which the one does who has made the claim; one that a crash has left is swept. */
async function moveByClaim(path: string, target: string, uploadDir: string): Promise<void> {
  const claim = join(uploadDir, `${createHash('sha256').update(target).digest('hex')}.claim`);
  const handle = await open(claim, 'wx');
  try {
    const taken = await lstat(target).catch(() => undefined);
    if (taken !== undefined) throw Object.assign(new Error('the name is taken'), { code: 'EEXIST' });
    await rename(path, target);
  } finally {
    await handle.close();
    await unlinkIfThere(claim, 'remove a claim');
  }
}

/** Bytes and names must be on the disk before an object counts as published. */
async function sync(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function keysBelow(dir: string, prefix: string): Promise<string[]> {
  const entries = await readdir(join(dir, prefix), { withFileTypes: true }).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw storageError('list the objects', error);
  });
  const keys = entries.map(async (entry) => {
    const key = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
    if (!isObjectKey(key)) return [];
    if (entry.isDirectory()) return keysBelow(dir, key);
    return entry.isFile() ? [key] : [];
  });
  return (await Promise.all(keys)).flat();
}
