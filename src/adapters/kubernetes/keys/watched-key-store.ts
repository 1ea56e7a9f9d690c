import { CodedError } from '../../../errors/coded-error.ts';
import type { ApiKey, KeyStore } from '../../../ports/key-store.ts';
import type { Transport } from '../client/transport.ts';
import { Reflector } from '../client/watch/reflector.ts';
import { acceptKeySecret, type CachedKey, keySecretName, keySecretPath, keySelector } from './key-secret.ts';
import { SecretKeyStore } from './secret-key-store.ts';

export interface WatchedKeyStoreOptions {
  /** Where the Secrets are. */
  readonly namespace: string;
  readonly onError?: (error: unknown, during: string) => void;
}

/**
 * API keys for verification with every request: all of them in memory, kept up to date by one watch, so that a key that is
 * created or revoked elsewhere takes effect within moments. An id that is not in memory is unknown: if the API server were
 * asked, clients without a key could overload it.
 */
export class WatchedKeyStore implements KeyStore, AsyncDisposable {
  readonly #secrets: SecretKeyStore;
  readonly #reflector: Reflector<CachedKey>;
  readonly #namespace: string;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  constructor(transport: Transport, { namespace, onError }: WatchedKeyStoreOptions) {
    this.#namespace = namespace;
    this.#secrets = new SecretKeyStore(transport, namespace);
    this.#reflector = new Reflector<CachedKey>(transport, {
      path: keySecretPath(namespace),
      labelSelector: keySelector,
      accept: acceptKeySecret,
      onChange: () => undefined,
      ...(onError === undefined ? {} : { onError }),
    });
    this.#running = this.#reflector.run(this.#stop.signal);
  }

  /** Whether all keys have been read. */
  get synced(): boolean {
    return this.#reflector.synced;
  }

  /** Resolves when all keys have been read for the first time. */
  whenSynced(): Promise<void> {
    return this.#reflector.whenSynced();
  }

  /** Rejects with `SERVICE_UNAVAILABLE` until the keys have been read, so that a valid key is never called invalid. */
  async get(id: string): Promise<ApiKey | undefined> {
    if (!this.#reflector.synced) {
      throw new CodedError('SERVICE_UNAVAILABLE', 'The API keys have not been read yet', {
        remedy: 'Send the request again in a moment.',
      });
    }
    return this.#reflector.cache.get(`${this.#namespace}/${keySecretName(id)}`)?.key;
  }

  add(key: ApiKey): Promise<void> {
    return this.#secrets.add(key);
  }

  list(): Promise<readonly ApiKey[]> {
    return this.#secrets.list();
  }

  revoke(id: string, at: number): Promise<boolean> {
    return this.#secrets.revoke(id, at);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }
}
