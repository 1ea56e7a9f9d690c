import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { createObjectStore, type OpenedStore } from '../../adapters/object-store/open-store.ts';
import type { Config } from '../../config/load-config.ts';

export type ObjectStoreConfig = Pick<Config, 'objects' | 's3'>;

/**
 * The object store that the configuration names: a folder of a volume, or a bucket. A folder must be usable now; a bucket
 * may be unavailable for a while, which is only logged.
 *
 * @throws CodedError that says what is wrong with the folder
 */
export async function openObjectStore(config: ObjectStoreConfig, log: Logger): Promise<OpenedStore> {
  const objects = await createStore(config);
  if (config.s3.bucket === undefined) await objects.check();
  else
    objects.check().catch((error: unknown) => log.error({ err: error }, 'the object store is unavailable at present'));
  return objects;
}

function createStore({ objects, s3 }: ObjectStoreConfig): Promise<OpenedStore> {
  const { bucket, prefix, endpoint, region, forcePathStyle, publicEndpoint, urls, urlSeconds } = s3;
  if (bucket !== undefined) {
    return createObjectStore({
      kind: 's3',
      bucket,
      prefix: prefix === '' ? undefined : prefix,
      endpoint,
      region,
      forcePathStyle,
      publicEndpoint,
      urls,
      urlSeconds,
      uploadDir: join(tmpdir(), 'framewright-uploads'),
    });
  }
  if (objects.dir === undefined) throw new Error('Expected a folder or a bucket for the object store, got neither');
  return createObjectStore({ kind: 'directory', dir: objects.dir });
}
