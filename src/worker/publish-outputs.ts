import { constants } from 'node:fs';
import { copyFile, rename, unlink } from 'node:fs/promises';
import { storageError, systemCode } from '../adapters/object-store/storage-error.ts';
import { CodedError } from '../errors/coded-error.ts';
import type { ObjectInfo, ObjectStore, Upload } from '../ports/object-store.ts';

export interface PublishableFile {
  /** Key under which it becomes visible. */
  readonly key: string;
  /** Local file, which is moved. */
  readonly path: string;
}

/** Files that are published in parallel: each waits for the disk. */
const parallelFiles = 8;

/**
 * Publishes all files, or none when one fails or `signal` is aborted before the last. Playlists come last and in their
 * order, so that the files to which a visible one refers are visible too. A key that exists can only be from an earlier
 * run of the same attempt, whose result was lost: its file is replaced.
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
    const playlists = uploads.filter(({ key }) => isPlaylist(key));
    const media = uploads.filter(({ key }) => !isPlaylist(key));
    for (let at = 0; at < media.length; at += parallelFiles) {
      const batch = media.slice(at, at + parallelFiles);
      const settled = await Promise.allSettled(batch.map((upload) => publishOrReplace(store, upload, signal)));
      // All have settled before a failure is thrown: none is published after the clean-up.
      published.push(...settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])));
      const failed = settled.find((one) => one.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
    }
    for (const upload of playlists) published.push(await publishOrReplace(store, upload, signal));
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

async function publishOrReplace(store: ObjectStore, upload: Upload, signal: AbortSignal): Promise<ObjectInfo> {
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
