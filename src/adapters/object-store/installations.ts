import { writeFile } from 'node:fs/promises';
import { CodedError } from '../../errors/coded-error.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import type { OpenedStore } from './open-store.ts';
import { overriddenStore } from './overridden-store.ts';

// Which installations publish into an object store. Several clusters may share one bucket or volume, and none may take
// the files of another one for those of its own removed jobs: each registers its name before it publishes.

const folder = 'installations/';

/** The same store, which registers the installation before it publishes the first object. */
export function publishingAs(store: OpenedStore, installation: string): OpenedStore {
  let registered: Promise<void> | undefined;
  return overriddenStore(store, {
    async publish(upload, options) {
      registered ??= register(store, installation);
      await registered.catch((error: unknown) => {
        registered = undefined;
        throw error;
      });
      return store.publish(upload, options);
    },
  });
}

async function register(store: ObjectStore, installation: string): Promise<void> {
  const key = `${folder}${installation}`;
  if ((await store.stat(key)) !== undefined) return;
  const upload = await store.createUpload(key);
  try {
    await writeFile(upload.path, `${installation}\n`);
    await store.publish(upload);
  } catch (error) {
    await store.discard(upload);
    // Another worker of the same installation was faster.
    const exists = error instanceof CodedError && error.code === 'CONFLICT' && (await store.stat(key)) !== undefined;
    if (!exists) throw error;
  }
}

/** The installations that publish into this store, or did once: all whose objects were listed before the call. */
export async function installationsOf(store: ObjectStore): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of store.list(folder)) found.push(key.slice(folder.length));
  return found;
}
