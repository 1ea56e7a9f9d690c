import { writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { CodedError } from '../../errors/coded-error.ts';
import type { Asset, AssetIndex } from '../../ports/asset-index.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { type AssetMark, cursorAfter, entryKey, markKey, markOf, marksOf, positionOf } from './asset-marks.ts';

const storedAsset = z.object({
  key: z.string(),
  owner: z.string(),
  namespace: z.string(),
  filename: z.string(),
  mediaType: z.string(),
  bytes: z.int(),
  sha256: z.string(),
  createdAt: z.int(),
}) satisfies z.ZodType<Asset>;

export interface ObjectAssetIndexOptions {
  readonly objects: ObjectStore;
  readonly clock: Pick<Clock, 'now'>;
  /** Entries in memory, of some hundred bytes each. */
  readonly cachedEntries?: number;
}

/** Entries that are read in parallel for one page. */
const parallelReads = 16;

/** Age from which a mark without an entry is the remainder of a crash. */
const abandonedMs = 60_000;

/**
 * The asset index as small objects in the store that holds the files: any number of servers share it, and there is
 * nothing else to run or to back up. Whether a file is known is read from the store each time; only the content of
 * entries, which never changes, is cached.
 */
export class ObjectAssetIndex implements AssetIndex {
  readonly #objects: ObjectStore;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #limit: number;
  /** By mark; the least recently used first. */
  readonly #entries = new Map<string, Asset>();

  constructor({ objects, clock, cachedEntries = 5000 }: ObjectAssetIndexOptions) {
    this.#objects = objects;
    this.#clock = clock;
    this.#limit = cachedEntries;
  }

  /** Rejects with `CONFLICT` when the key is taken. */
  async add(asset: Asset): Promise<void> {
    if ((await this.get(asset.key)) !== undefined) throw taken(asset.key);
    const mark = markKey(asset);
    // The mark first: a mark without an entry is skipped, an entry without a mark would never be listed.
    await this.#publish(mark, asset.key).catch((error: unknown) => {
      if (!isConflict(error)) throw error;
    });
    try {
      await this.#publish(entryKey(asset.key), JSON.stringify(asset));
    } catch (error) {
      const known = isConflict(error) ? await this.get(asset.key) : undefined;
      // Another server may have added it under the same mark, which belongs to that entry.
      if (known === undefined || markKey(known) !== mark) await this.#objects.remove(mark);
      throw isConflict(error) ? taken(asset.key) : error;
    }
  }

  async get(key: string): Promise<Asset | undefined> {
    try {
      const chunks: Uint8Array[] = [];
      for await (const chunk of await this.#objects.read(entryKey(key))) chunks.push(chunk);
      const asset = readEntry(Buffer.concat(chunks).toString());
      return asset?.key === key ? asset : undefined;
    } catch (error) {
      // A text that cannot be a key is the key of no file.
      if (error instanceof CodedError && (error.code === 'NOT_FOUND' || error.code === 'INVALID_REQUEST'))
        return undefined;
      throw error;
    }
  }

  async list(
    filter: { readonly owner?: string; readonly namespace?: string },
    { limit, cursor }: { readonly limit: number; readonly cursor?: string },
  ): Promise<{ readonly assets: readonly Asset[]; readonly cursor?: string }> {
    const before = cursor === undefined ? undefined : positionOf(cursor);
    const marks: AssetMark[] = [];
    for await (const { key } of this.#objects.list(marksOf(filter))) {
      const mark = markOf(key);
      if (mark === undefined || (filter.owner !== undefined && mark.owner !== filter.owner)) continue;
      if (before === undefined || mark.position < before) marks.push(mark);
    }
    marks.sort((a, b) => (a.position < b.position ? 1 : -1));
    const assets: Asset[] = [];
    let at = 0;
    // A mark whose file was removed meanwhile does not count for the page.
    while (assets.length < limit && at < marks.length) {
      const some = marks.slice(at, at + Math.min(parallelReads, limit - assets.length));
      at += some.length;
      for (const asset of await Promise.all(some.map((mark) => this.#entry(mark))))
        if (asset !== undefined) assets.push(asset);
    }
    const last = marks[at - 1];
    return { assets, ...(at < marks.length && last !== undefined ? { cursor: cursorAfter(last) } : {}) };
  }

  async remove(key: string): Promise<void> {
    const asset = await this.get(key);
    if (asset === undefined) return;
    const mark = markKey(asset);
    await this.#objects.remove(entryKey(key));
    await this.#objects.remove(mark);
    this.#entries.delete(mark);
  }

  async #entry(mark: AssetMark): Promise<Asset | undefined> {
    const known = this.#entries.get(mark.key);
    if (known !== undefined) {
      this.#cache(mark.key, known);
      return known;
    }
    const asset = await this.get(mark.asset);
    // An entry that belongs to another mark is listed by that one.
    if (asset !== undefined && markKey(asset) === mark.key) {
      this.#cache(mark.key, asset);
      return asset;
    }
    if (this.#clock.now() - mark.createdAt > abandonedMs) await this.#objects.remove(mark.key);
    return undefined;
  }

  #cache(mark: string, asset: Asset): void {
    this.#entries.delete(mark);
    this.#entries.set(mark, asset);
    if (this.#entries.size <= this.#limit) return;
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.#entries.delete(oldest);
  }

  async #publish(key: string, text: string): Promise<void> {
    const upload = await this.#objects.createUpload(key);
    try {
      await writeFile(upload.path, text, { mode: 0o640 });
      await this.#objects.publish(upload);
    } catch (error) {
      await this.#objects.discard(upload);
      throw error;
    }
  }
}

/** Parses an entry; undefined for another text. */
function readEntry(text: string): Asset | undefined {
  try {
    return storedAsset.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

function taken(key: string): CodedError {
  return new CodedError('CONFLICT', `Expected a new asset key, got ${key}, which exists`);
}

function isConflict(error: unknown): boolean {
  return error instanceof CodedError && error.code === 'CONFLICT';
}
