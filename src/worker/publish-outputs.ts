import { constants } from 'node:fs';
import { copyFile, rename, unlink } from 'node:fs/promises';
import { storageError, systemCode } from '../adapters/object-store/storage-error.ts';
import { CodedError } from '../errors/coded-error.ts';
import type { ObjectInfo, ObjectStore, Upload } from '../ports/object-store.ts';

export interface PublishableFile {
  /** Key under which it becomes visible. */
  readonly key: string;
  /** Local file, which is moved away. */
  readonly path: string;
}

/** Files that are published at once: each waits for the disk. */
const atOnce = 8;

/**
 * Makes files visible: all of them, or none when one fails or `signal` is aborted before the last. Playlists come last
 * and in their order, so that what a visible one leads to is there. A key that is taken can only be taken by an earlier
 * run of this same attempt, whose result was lost: its file is replaced.
 */
export async function publishAll(
  store: ObjectStore,
  files: readonly PublishableFile[],
  signal: AbortSignal,
): Promise<ObjectInfo[]> {
  const uploads: Upload[] = [];
  const published: ObjectInfo[] = [];
  try {
    for (const { key, path } of files) {
      signal.throwIfAborted();
      const upload = await store.createUpload(key);
      uploads.push(upload);
      await move(path, upload.path);
    }
    signal.throwIfAborted();
    const leads = uploads.filter(({ key }) => isPlaylist(key));
    const plain = uploads.filter(({ key }) => !isPlaylist(key));
    for (let at = 0; at < plain.length; at += atOnce) {
      const batch = plain.slice(at, at + atOnce);
      const ends = await Promise.allSettled(batch.map((upload) => publishOwn(store, upload, signal)));
      // All of them have ended before one that failed ends the whole: none appears behind its clean-up.
      published.push(...ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : [])));
      const failed = ends.find((end) => end.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
    }
    for (const upload of leads) published.push(await publishOwn(store, upload, signal));
    return published;
  } catch (error) {
    await Promise.allSettled(uploads.map((upload) => store.discard(upload)));
    await Promise.allSettled(published.map(({ key }) => store.remove(key)));
    throw error;
  }
}

function isPlaylist(key: string): boolean {
  return /\.(m3u8|mpd)$/.test(key);
}

async function publishOwn(store: ObjectStore, upload: Upload, signal: AbortSignal): Promise<ObjectInfo> {
  try {
    return await store.publish(upload, { signal });
  } catch (error) {
    if (!(error instanceof CodedError) || error.code !== 'CONFLICT') throw error;
    await store.remove(upload.key);
    return store.publish(upload, { signal });
  }
}

/** A rename where scratch and store share a file system, else a copy (by reference where the file system can). */
async function move(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (systemCode(error) !== 'EXDEV') throw storageError('move an output into its upload', error);
    await copyFile(from, to, constants.COPYFILE_FICLONE).catch((cause: unknown) => {
      throw storageError('copy an output to the object store', cause);
    });
    await unlink(from);
  }
}
