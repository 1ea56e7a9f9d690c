import { z } from 'zod';
import { CodedError } from '../../errors/coded-error.ts';
import type { Asset, AssetIndex } from '../../ports/asset-index.ts';
import { cursorAfter, positionOf } from './cursor.ts';
import type { Database } from './database.ts';
import { allOf } from './sql-condition.ts';

const storedAsset = z
  .object({
    seq: z.int(),
    key: z.string(),
    owner: z.string(),
    namespace: z.string(),
    filename: z.string(),
    media_type: z.string(),
    bytes: z.int(),
    sha256: z.string(),
    created_at: z.int(),
  })
  .transform(({ seq, media_type: mediaType, created_at: createdAt, ...asset }) => {
    return { seq, asset: { ...asset, mediaType, createdAt } satisfies Asset };
  });

/** The asset index in SQLite; the bytes of the files are in the object store. */
export class SqliteAssetIndex implements AssetIndex {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Rejects with `CONFLICT` when the key is taken. */
  async add({ key, owner, namespace, filename, mediaType, bytes, sha256, createdAt }: Asset): Promise<void> {
    const text = `INSERT INTO asset (key, owner, namespace, filename, media_type, bytes, sha256, created_at)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`;
    const values = [key, owner, namespace, filename, mediaType, bytes, sha256, createdAt];
    const { changes } = this.#database.transaction(() => this.#database.prepare(text).run(...values));
    if (changes === 0) throw new CodedError('CONFLICT', `Expected a new asset key, got ${key}, which exists`);
  }

  async get(key: string): Promise<Asset | undefined> {
    const row = this.#database.read(() => this.#database.prepare('SELECT * FROM asset WHERE key = ?').get(key));
    return row === undefined ? undefined : storedAsset.parse(row).asset;
  }

  async list(
    { owner, namespace }: { readonly owner?: string; readonly namespace?: string },
    { limit, cursor }: { readonly limit: number; readonly cursor?: string },
  ): Promise<{ readonly assets: readonly Asset[]; readonly cursor?: string }> {
    const where = allOf([
      ...(owner === undefined ? [] : [{ text: 'owner = ?', values: [owner] }]),
      ...(namespace === undefined ? [] : [{ text: 'namespace = ?', values: [namespace] }]),
      ...(cursor === undefined ? [] : [{ text: 'seq < ?', values: [positionOf(cursor)] }]),
    ]);
    const text = `SELECT * FROM asset WHERE ${where.text} ORDER BY seq DESC LIMIT ?`;
    const rows = this.#database.read(() => this.#database.prepare(text).all(...where.values, limit + 1));
    const page = rows.slice(0, limit).map((row) => storedAsset.parse(row));
    const last = page.at(-1);
    return {
      assets: page.map(({ asset }) => asset),
      ...(rows.length > limit && last !== undefined ? { cursor: cursorAfter(last.seq) } : {}),
    };
  }

  async remove(key: string): Promise<void> {
    this.#database.transaction(() => this.#database.prepare('DELETE FROM asset WHERE key = ?').run(key));
  }
}
