import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';

/**
 * Memoizes between processes: returns the value that is stored under this identity, or computes it and stores it when
 * `keep` is set. Without a folder nothing is stored; a cache that is damaged or cannot be written costs only time.
 */
export async function memoizeOnDisk<T>(
  dir: string | undefined,
  identity: readonly unknown[],
  schema: z.ZodType<T>,
  compute: () => Promise<{ readonly value: T; readonly keep: boolean }>,
): Promise<T> {
  if (dir === undefined) return (await compute()).value;
  const name = createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 32);
  const path = join(dir, `${name}.json`);
  const known = await read(path, schema);
  if (known !== undefined) return known;
  const { value, keep } = await compute();
  if (keep) await write(dir, path, value);
  return value;
}

async function read<T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> {
  try {
    return schema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return undefined;
  }
}

/** After this an entry most likely belongs to an earlier driver or boot. */
const staleMs = 30 * 24 * 3600 * 1000;

/** Written under another name and renamed: two processes that store the same value in parallel leave one whole file. */
async function write(dir: string, path: string, value: unknown): Promise<void> {
  const temporary = `${path}.${randomUUID()}`;
  await mkdir(dir, { recursive: true })
    .then(() => writeFile(temporary, JSON.stringify(value)))
    .then(() => rename(temporary, path))
    .then(() => removeStale(dir))
    // On a full disk half of the file may have been written.
    .catch(() => rm(temporary, { force: true }))
    .catch(() => undefined);
}

async function removeStale(dir: string): Promise<void> {
  for (const name of await readdir(dir)) {
    const path = join(dir, name);
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > staleMs) await rm(path, { force: true });
  }
}
