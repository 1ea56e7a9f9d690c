import { createHash } from 'node:crypto';
import { Pool } from 'undici';
import type { TlsMaterial } from './credentials.ts';

/** Long enough to keep connections between reconciles, shorter than any API server's own limit (Go: 120 s or more). */
const idleMs = 55_000;

/**
 * The connections to one API server: kept alive, shared by all calls, and replaced when certificates change. The caller
 * limits parallel calls; each long-lived watch takes one connection.
 */
export class Connections implements AsyncDisposable {
  readonly #origin: string;
  readonly #connectMs: number;
  #pool: Pool | undefined;
  #material = '';
  #known: TlsMaterial | undefined;

  constructor(server: string, connectMs: number) {
    this.#origin = new URL(server).origin;
    this.#connectMs = connectMs;
  }

  pool(tls: TlsMaterial): Pool {
    // The same object with every call until credentials are read again.
    if (this.#pool !== undefined && tls === this.#known) return this.#pool;
    this.#known = tls;
    const material = createHash('sha256').update(JSON.stringify(tls)).digest('base64');
    if (this.#pool !== undefined && material === this.#material) return this.#pool;
    // Running calls and watches end on the old connections.
    void this.#pool?.close().catch(() => undefined);
    this.#material = material;
    const { verify, ...secrets } = tls;
    this.#pool = new Pool(this.#origin, {
      connect: { ...secrets, rejectUnauthorized: verify, timeout: this.#connectMs },
      // Plain HTTP/1.1: one broken connection ends one call, not every watch.
      allowH2: false,
      pipelining: 1,
      keepAliveTimeout: idleMs,
      keepAliveMaxTimeout: idleMs,
      // The caller has deadlines; a watch without data is not an error.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    return this.#pool;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const pool = this.#pool;
    this.#pool = undefined;
    await pool?.destroy();
  }
}
