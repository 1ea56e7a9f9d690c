import type { ObjectStore } from '../../ports/object-store.ts';
import { DirectoryStore, type DirectoryStoreOptions } from './directory-store.ts';
import type { S3StoreOptions } from './s3/s3-store.ts';

/** Where objects are kept. */
export type ObjectStoreOptions =
  | ({ readonly kind: 'directory' } & DirectoryStoreOptions)
  | ({ readonly kind: 's3' } & S3StoreOptions);

/** An ObjectStore with what its process needs beside the port. */
export interface OpenedStore extends ObjectStore {
  /** The file of an object, to be read only. Absent where objects are not files of this machine. */
  localPath?(key: string): Promise<string | undefined>;
  /** Rejects with a coded error that names the cause when the store cannot be used. Changes nothing. */
  check(): Promise<void>;
  /** Removes abandoned uploads, unchanged since `olderThan` (Unix milliseconds); returns their number. */
  sweep(olderThan: number): Promise<number>;
}

/**
 * Opens an object store: a folder (of this machine, or a volume that others mount too), or a bucket. The S3 client takes
 * 35 MB of memory, so it is loaded only when a bucket is opened. Makes no call to the store; `check` does.
 */
export async function createObjectStore(options: ObjectStoreOptions): Promise<OpenedStore> {
  if (options.kind === 'directory') return new DirectoryStore(options);
  const { S3Store } = await import('./s3/s3-store.ts');
  return new S3Store(options);
}
