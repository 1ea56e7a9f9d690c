import { join } from 'node:path';
import { destinationConnection, type S3Access } from '../adapters/object-store/bucket-access.ts';
import { DirectoryStore } from '../adapters/object-store/directory-store.ts';
import { publishingAs } from '../adapters/object-store/installations.ts';
import { createObjectStore, type ObjectStoreOptions, type OpenedStore } from '../adapters/object-store/open-store.ts';
import { folderUnderRoot } from '../adapters/sources/media-root.ts';
import { CodedError } from '../errors/coded-error.ts';
import type { StageSpec } from '../model/job/stage.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import { volumeFolders } from '../worker-protocol/environment.ts';

export interface StageStores {
  /** The store of the installation: assets and reports. */
  readonly store: OpenedStore;
  /** Where the outputs of this stage are published. */
  readonly outputs: ObjectStore;
}

export interface StageStoreOptions {
  readonly objects: ObjectStoreOptions;
  readonly s3: S3Access;
  readonly volumesDir?: string;
  readonly installation?: string;
  readonly scratchDir: string;
}

/** Folder for uploads to a bucket. It is on the scratch volume, so that an output is moved there by a rename. */
export function uploadDirIn(scratchDir: string): string {
  return join(scratchDir, 'uploads');
}

/** Opens the stores of a stage. Rejects with `SOURCE_FORBIDDEN` or `SPEC_INVALID` for a destination that is not allowed. */
export async function openStores(
  { output }: Pick<StageSpec, 'output'>,
  { objects, s3, volumesDir, installation, scratchDir }: StageStoreOptions,
): Promise<StageStores> {
  const opened = await createObjectStore(objects);
  const store = installation === undefined ? opened : publishingAs(opened, installation);
  const { destination } = output;
  if (destination?.s3 !== undefined) {
    const { bucket, prefix } = destination.s3;
    const connection = destinationConnection(s3, destination.s3);
    const options = { ...connection, kind: 's3' as const, bucket, prefix, uploadDir: uploadDirIn(scratchDir) };
    const outputs = await createObjectStore(options).catch((error: unknown) => {
      if (!(error instanceof RangeError)) throw error;
      throw new CodedError('SPEC_INVALID', `spec.output.destination.s3.prefix: ${error.message}`);
    });
    return { store, outputs };
  }
  if (destination?.pvc !== undefined) {
    const { claimName, path } = destination.pvc;
    if (volumesDir === undefined) throw noVolumes('spec.output.destination.pvc');
    const root = join(volumesDir, volumeFolders.outputs, claimName);
    return { store, outputs: new DirectoryStore({ dir: await folderUnderRoot(root, path) }) };
  }
  return { store, outputs: store };
}

export function noVolumes(path: string): CodedError {
  return new CodedError('UNSUPPORTED', `${path}: expected a worker with mounted volumes, got one without`, {
    remedy: 'PersistentVolumeClaims are for workers in a cluster; use a file or an asset here.',
  });
}
