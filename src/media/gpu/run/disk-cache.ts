import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';

/**
 * The value that was remembered under this identity, or else `make`s it and remembers it when it is worth it. Without a
 * folder nothing is remembered; a cache that is damaged or cannot be written costs time and nothing else.
 */
export async function rememberedOr<T>(
  dir: string | undefined,
  identity: readonly unknown[],
  schema: z.ZodType<T>,
  make: () => Promise<{ readonly value: T; readonly remember: boolean }>,
): Promise<T> {
  if (dir === undefined) return (await make()).value;
  const name = createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 32);
  const path = join(dir, `${name}.json`);
  const known = await read(path, schema);
  if (known !== undefined) return known;
  const { value, remember } = await make();
  if (remember) await write(dir, path, value);
  return value;
}

async function read<T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> {
  try {
    return schema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return undefined;
  }
}

/** Findings of drivers and boots that are gone are of no use to anyone after this. */
const staleMs = 30 * 24 * 3600 * 1000;

/** Written aside and renamed: two processes that find out the same at once leave one whole file. */
async function write(dir: string, path: string, value: unknown): Promise<void> {
  const builder = `${path}.${randomUUID()}`;
  await mkdir(dir, { recursive: true })
    .then(() => writeFile(builder, JSON.stringify(value)))
    .then(() => rename(builder, path))
    .then(() => removeStale(dir))
    // A disk that is full may have taken half of the draft.
    .catch(() => rm(builder, { force: true }))
    .catch(() => undefined);
}

async function removeStale(dir: string): Promise<void> {
  for (const name of await readdir(dir)) {
    const path = join(dir, name);
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > staleMs) await rm(path, { force: true });
  }
}
