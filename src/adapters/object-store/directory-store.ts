import { createHash } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { access, lstat, mkdir, open, readdir, realpath } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { CodedError } from '../../errors/coded-error.ts';
import type { ObjectInfo, ObjectStore, Upload } from '../../ports/object-store.ts';
import { assertObjectKey, isObjectKey } from './object-key.ts';
import { publishFile } from './publish-file.ts';
import { isMissing, storageError, systemCode } from './storage-error.ts';
import { UploadFolder, unlinkIfPresent } from './upload-folder.ts';

export interface DirectoryStoreOptions {
  /** Folder of the objects; created when it does not exist. */
  readonly dir: string;
  /** Start of the URLs under which clients reach objects, without a slash at its end; none when absent. */
  readonly baseUrl?: string;
  /** Whether publications try hard links; true when absent. */
  readonly hardLinks?: boolean;
}

/** Keys cannot begin with a dot, so no key reaches it. On the file system of the objects. */
const uploadsName = '.uploads';

/**
 * Objects as plain files of a folder, which programs on this machine can read directly. Uploads lie in the same folder
 * and are published by a hard link, which never replaces a file.
 */
export class DirectoryStore implements ObjectStore {
  readonly #dir: string;
  readonly #baseUrl: string;
  readonly #hardLinks: boolean;
  readonly #uploads: UploadFolder;

  constructor({ dir, baseUrl = '', hardLinks = true }: DirectoryStoreOptions) {
    this.#dir = dir;
    this.#baseUrl = baseUrl;
    this.#hardLinks = hardLinks;
    this.#uploads = new UploadFolder(join(dir, uploadsName));
  }

  async stat(key: string): Promise<ObjectInfo | undefined> {
    const file = await this.#find(key);
    return file && describe(key, file.stats);
  }

  /** The file of an object, to be read only; `undefined` when there is no such object. */
  async localPath(key: string): Promise<string | undefined> {
    return (await this.#find(key))?.path;
  }

  async read(
    key: string,
    range?: { readonly start: number; readonly end: number },
  ): Promise<AsyncIterable<Uint8Array>> {
    const file = await this.#find(key);
    if (file === undefined) throw new CodedError('NOT_FOUND', `Expected the object ${key}, but it does not exist`);
    const { size } = file.stats;
    if (range !== undefined && (range.start < 0 || range.start > range.end || range.start >= size)) {
      const got = `${range.start} to ${range.end}`;
      throw new CodedError('RANGE_NOT_SATISFIABLE', `Expected a range within ${size} bytes, got ${got}`);
    }
    try {
      const handle = await open(file.path, constants.O_RDONLY | constants.O_NOFOLLOW);
      return handle.createReadStream(range && { start: range.start, end: range.end });
    } catch (error) {
      throw storageError(`read the object ${key}`, error);
    }
  }

  async createUpload(key: string): Promise<Upload> {
    return this.#uploads.create(key);
  }

  async publish(upload: Upload): Promise<ObjectInfo> {
    const { key, path: from } = upload;
    const to = join(this.#dir, assertObjectKey(key));
    this.#uploads.assertOwn(upload);
    try {
      await publishFile({ from, to, hardLinks: this.#hardLinks, claimDir: join(this.#dir, uploadsName) });
      return describe(key, await lstat(to));
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw storageError(`publish the object ${key}`, error);
      throw new CodedError('CONFLICT', `Expected a new key, got ${key}, which was published before`, { cause: error });
    }
  }

  async discard(upload: Upload): Promise<void> {
    await this.#uploads.discard(upload);
  }

  async remove(key: string): Promise<void> {
    const file = await this.#find(key);
    if (file !== undefined) await unlinkIfPresent(file.path, `remove the object ${key}`);
  }

  async *list(prefix: string): AsyncGenerator<ObjectInfo> {
    for (const key of (await keysBelow(this.#dir, '')).toSorted()) {
      if (!key.startsWith(prefix)) continue;
      const file = await this.#find(key);
      if (file !== undefined) yield describe(key, file.stats);
    }
  }

  /** Keys of this store are unguessable and its objects are removed with their jobs: its URLs do not expire. */
  async urlFor(key: string): Promise<string> {
    return `${this.#baseUrl}/assets/${assertObjectKey(key).split('/').map(encodeURIComponent).join('/')}`;
  }

  /** Rejects with `STORAGE_UNAVAILABLE` when the folder cannot be created or written to. */
  async check(): Promise<void> {
    try {
      await mkdir(this.#dir, { recursive: true });
      await access(this.#dir, constants.R_OK | constants.W_OK | constants.X_OK);
    } catch (error) {
      throw storageError('keep objects in their folder', error);
    }
  }

  /** Removes abandoned uploads, unchanged since `olderThan` (Unix milliseconds); returns their number. */
  async sweep(olderThan: number): Promise<number> {
    return this.#uploads.sweep(olderThan);
  }

  /** The file of a key, unless it or its folder is a link: a link could lead out of the root. */
  async #find(key: string): Promise<{ readonly path: string; readonly stats: Stats } | undefined> {
    const path = join(this.#dir, assertObjectKey(key));
    try {
      const stats = await lstat(path);
      if (!stats.isFile()) return undefined;
      const root = await realpath(this.#dir);
      const folder = await realpath(dirname(path));
      return folder === root || folder.startsWith(root + sep) ? { path, stats } : undefined;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw storageError(`read the object ${key}`, error);
    }
  }
}

function describe(key: string, stats: Stats): ObjectInfo {
  return { key, bytes: stats.size, modifiedAt: Math.floor(stats.mtimeMs), etag: etagOf(stats) };
}

/** Changes whenever the content does: objects are never written twice, so inode, size and time identify the bytes. */
function etagOf({ ino, size, mtimeMs }: Stats): string {
  return createHash('sha256').update(`${ino}-${size}-${mtimeMs}`).digest('hex').slice(0, 32);
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
