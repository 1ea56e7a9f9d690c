import { CodedError } from '../../../errors/coded-error.ts';
import { ConflictError } from '../../../ports/job-store.ts';
import type { ApiKey, KeyStore } from '../../../ports/key-store.ts';
import { mergePatch } from '../client/api-call.ts';
import { ApiError, hasStatus, isAlreadyExists, isConflict, statuses, UnreachableError } from '../client/api-error.ts';
import { listOf } from '../client/api-object.ts';
import type { Transport } from '../client/transport.ts';
import { acceptKeySecret, type CachedKey, keySecret, keySecretPath, keySelector, revocation } from './key-secret.ts';

/** How often a revocation is tried when the key keeps changing in between. */
const tries = 5;

/**
 * API keys as Secrets of one namespace, read from the API server each time: for the command line. A server that verifies a
 * key with every request uses WatchedKeyStore.
 */
export class SecretKeyStore implements KeyStore {
  readonly #transport: Transport;
  readonly #namespace: string;

  constructor(transport: Transport, namespace: string) {
    this.#transport = transport;
    this.#namespace = namespace;
  }

  /** Rejects with `CONFLICT` when the id is taken. */
  async add(key: ApiKey): Promise<void> {
    try {
      await this.#transport.request({ method: 'POST', path: this.#path(), body: keySecret(this.#namespace, key) });
    } catch (error) {
      if (!isAlreadyExists(error)) throw this.#explain(error);
      throw new CodedError('CONFLICT', `The key id ${key.id} exists already`, { cause: error });
    }
  }

  async get(id: string): Promise<ApiKey | undefined> {
    return (await this.#read(id))?.key;
  }

  /** Oldest first. */
  async list(): Promise<readonly ApiKey[]> {
    try {
      const list = await this.#transport.request({ path: this.#path(), query: { labelSelector: keySelector } });
      const keys = listOf(list).flatMap((item) => acceptKeySecret(item)?.key ?? []);
      return keys.toSorted((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1));
    } catch (error) {
      throw this.#explain(error);
    }
  }

  /** A key that is revoked already keeps its first instant. */
  async revoke(id: string, at: number): Promise<boolean> {
    for (let attempt = 1; attempt <= tries; attempt += 1) {
      const found = await this.#read(id);
      if (found === undefined) return false;
      if (found.key.revokedAt !== undefined) return true;
      try {
        await this.#transport.request({
          method: 'PATCH',
          path: this.#path(id),
          contentType: mergePatch,
          body: revocation(found.metadata.resourceVersion, at),
        });
        return true;
      } catch (error) {
        if (hasStatus(error, statuses.notFound)) return false;
        if (!isConflict(error)) throw this.#explain(error);
      }
    }
    throw new ConflictError(`Expected the key ${id} to stay as it was read, but it changed each time`);
  }

  async #read(id: string): Promise<CachedKey | undefined> {
    // Any other id cannot be part of the name of a Secret.
    if (!/^[a-z0-9]{1,63}$/.test(id)) return undefined;
    try {
      return acceptKeySecret(await this.#transport.request({ path: this.#path(id) }));
    } catch (error) {
      if (hasStatus(error, statuses.notFound)) return undefined;
      throw this.#explain(error);
    }
  }

  #path(id?: string): string {
    return keySecretPath(this.#namespace, id);
  }

  #explain(error: unknown): Error {
    if (error instanceof UnreachableError) {
      return new CodedError('SERVICE_UNAVAILABLE', 'The Kubernetes API server could not be reached', {
        cause: error,
        remedy: 'Check the server address in the kubeconfig and the network to it.',
      });
    }
    if (error instanceof ApiError && error.status === 403) {
      return new CodedError(
        'FORBIDDEN',
        `Expected to be allowed to read and write Secrets in the namespace ${this.#namespace}: ${error.message}`,
        {
          cause: error,
          remedy: 'Use a kubeconfig with that permission, or ask the administrator of the cluster for a Role there.',
        },
      );
    }
    if (hasStatus(error, statuses.notFound)) {
      return new CodedError('NOT_FOUND', `Expected the namespace ${this.#namespace} to exist, but it does not`, {
        cause: error,
        remedy: 'Pass the namespace in which the API runs.',
      });
    }
    return error instanceof Error ? error : new Error(String(error));
  }
}
