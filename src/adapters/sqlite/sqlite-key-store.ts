import { z } from 'zod';
import { CodedError } from '../../errors/coded-error.ts';
import { type ApiKey, type KeyStore, roles } from '../../ports/key-store.ts';
import type { Database } from './database.ts';

const storedKey = z
  .object({
    id: z.string(),
    owner: z.string(),
    role: z.enum(roles),
    namespace: z.string(),
    digest: z.string(),
    created_at: z.int(),
    revoked_at: z.int().nullable(),
  })
  .transform(
    ({ created_at: createdAt, revoked_at: revokedAt, ...key }): ApiKey => ({
      ...key,
      createdAt,
      ...(revokedAt === null ? {} : { revokedAt }),
    }),
  );

/** API keys in SQLite; a key that another process adds or revokes is seen by the next `get`. */
export class SqliteKeyStore implements KeyStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Rejects with `CONFLICT` when the id is taken. */
  async add({ id, owner, role, namespace, digest, createdAt, revokedAt }: ApiKey): Promise<void> {
    const text = 'INSERT INTO api_key VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING';
    const values = [id, owner, role, namespace, digest, createdAt, revokedAt ?? null];
    const { changes } = this.#database.transaction(() => this.#database.prepare(text).run(...values));
    if (changes === 0) throw new CodedError('CONFLICT', `Expected a new key id, got ${id}, which exists`);
  }

  async get(id: string): Promise<ApiKey | undefined> {
    const row = this.#database.read(() => this.#database.prepare('SELECT * FROM api_key WHERE id = ?').get(id));
    return row === undefined ? undefined : storedKey.parse(row);
  }

  /** Oldest first. */
  async list(): Promise<readonly ApiKey[]> {
    const rows = this.#database.read(() =>
      this.#database.prepare('SELECT * FROM api_key ORDER BY created_at, id').all(),
    );
    return rows.map((row) => storedKey.parse(row));
  }

  /** A key that is revoked already keeps its first instant. */
  async revoke(id: string, at: number): Promise<boolean> {
    const text = 'UPDATE api_key SET revoked_at = coalesce(revoked_at, ?) WHERE id = ?';
    return this.#database.transaction(() => this.#database.prepare(text).run(at, id)).changes !== 0;
  }
}
