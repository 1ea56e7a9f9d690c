import { writeFile } from 'node:fs/promises';
import { CodedError } from '../../errors/coded-error.ts';
import type { ObjectStore } from '../../ports/object-store.ts';

// Who publishes into a place: several clusters may share one bucket or volume, and none may take the files of another one
// for those of its own removed jobs. Whoever publishes there has its name there first.

const folder = 'installations/';

/** The same store; before the first object is published through it, the name of the installation is. */
export function publishingAs<T extends ObjectStore>(store: T, installation: string): T {
  let known: Promise<void> | undefined;
  return {
    ...store,
    async publish(upload, options) {
      known ??= register(store, installation);
      await known.catch((error: unknown) => {
        known = undefined;
        throw error;
      });
      return store.publish(upload, options);
    },
  };
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
    const there = error instanceof CodedError && error.code === 'CONFLICT' && (await store.stat(key)) !== undefined;
    if (!there) throw error;
  }
}

/** Who publishes into this store, or did once. Complete as to everything that was listed before the call. */
export async function installationsOf(store: ObjectStore): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of store.list(folder)) found.push(key.slice(folder.length));
  return found;
}
