import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createObjectStore, type OpenedStore } from '../../adapters/object-store/open-store.ts';
import type { Config } from '../../config/load-config.ts';

export type ObjectStoreConfig = Pick<
  Config,
  | 'objectsDir'
  | 's3Bucket'
  | 's3Prefix'
  | 's3Endpoint'
  | 's3Region'
  | 's3ForcePathStyle'
  | 's3PublicEndpoint'
  | 's3Urls'
  | 's3UrlSeconds'
>;

/** The object store that the configuration names: a folder of a volume, or a bucket. */
export function openObjectStore(config: ObjectStoreConfig): Promise<OpenedStore> {
  const { objectsDir, s3Bucket, s3Prefix, s3Endpoint, s3Region, s3ForcePathStyle } = config;
  if (s3Bucket !== undefined) {
    return createObjectStore({
      kind: 's3',
      bucket: s3Bucket,
      prefix: s3Prefix === '' ? undefined : s3Prefix,
      endpoint: s3Endpoint,
      region: s3Region,
      forcePathStyle: s3ForcePathStyle,
      publicEndpoint: config.s3PublicEndpoint,
      urls: config.s3Urls,
      urlSeconds: config.s3UrlSeconds,
      uploadDir: join(tmpdir(), 'framewright-uploads'),
    });
  }
  if (objectsDir === undefined) throw new Error('Expected a folder or a bucket for the object store, got neither');
  return createObjectStore({ kind: 'directory', dir: objectsDir });
}
