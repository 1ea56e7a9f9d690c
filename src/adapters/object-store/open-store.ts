import type { ObjectStore } from '../../ports/object-store.ts';
import { createDirectoryStore, type DirectoryStore, type DirectoryStoreOptions } from './directory-store.ts';
import type { S3StoreOptions } from './s3/s3-store.ts';

/** Where objects are kept. */
export type ObjectStoreOptions =
  | ({ readonly kind: 'directory' } & DirectoryStoreOptions)
  | ({ readonly kind: 's3' } & S3StoreOptions);

/** An ObjectStore, and what some of them can do beside it. */
export interface OpenedStore extends ObjectStore {
  /** The file of an object, where objects are files of this machine: to be read in place, and never written to. */
  readonly localPath?: DirectoryStore['localPath'];
  /** Rejects with a coded error that says what is wrong when the store cannot be used. Changes nothing. */
  check(): Promise<void>;
  /** Removes what nobody has gone on writing to since `olderThan` (Unix milliseconds); returns how many. */
  sweep(olderThan: number): Promise<number>;
}

/**
 * Opens an object store: a folder (of this machine, or a volume that others mount too), or a bucket. The S3 client takes
 * 35 MB of memory, so it is loaded where it is used and nowhere else. Asks nothing of the store; `check` does.
 */
export async function createObjectStore(options: ObjectStoreOptions): Promise<OpenedStore> {
  if (options.kind === 'directory') return createDirectoryStore(options);
  const { createS3Store } = await import('./s3/s3-store.ts');
  return createS3Store(options);
}
