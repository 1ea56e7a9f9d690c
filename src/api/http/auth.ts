import type { FastifyRequest, onRequestAsyncHookHandler } from 'fastify';
import { CodedError } from '../../errors/coded-error.ts';
import type { KeyStore, Role } from '../../ports/key-store.ts';
import { parseApiKey, verifyApiKey } from './api-key.ts';

/** The owner of the key of a request. */
export interface Caller {
  readonly keyId: string;
  readonly owner: string;
  readonly role: Role;
  readonly namespace: string;
}

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller | null;
  }
}

/** The key of a request: `X-API-Key`, or `Authorization: Bearer` (RFC 6750). */
function presentedKey({ headers }: FastifyRequest): string | undefined {
  const own = headers['x-api-key'];
  if (typeof own === 'string') return own.trim();
  const [, token] = /^bearer +(\S+)$/i.exec(headers.authorization?.trim() ?? '') ?? [];
  return token;
}

/** A hook that rejects requests without a valid key, before their body is read. */
export function requireKey(keys: KeyStore): onRequestAsyncHookHandler {
  return async (request, reply) => {
    const text = presentedKey(request);
    const presented = text === undefined ? undefined : parseApiKey(text);
    const record = presented && (await keys.get(presented.id));
    if (presented === undefined || !verifyApiKey(presented, record)) {
      reply.header('www-authenticate', 'Bearer realm="framewright"');
      const got = text === undefined ? 'no key' : 'a key that is unknown or revoked';
      throw new CodedError(
        'UNAUTHORIZED',
        `Expected a valid API key in X-API-Key or Authorization: Bearer, got ${got}.`,
      );
    }
    request.caller = { keyId: record.id, owner: record.owner, role: record.role, namespace: record.namespace };
  };
}

/** The caller of a route behind `requireKey`. */
export function callerOf(request: FastifyRequest): Caller {
  if (request.caller === null) throw new CodedError('UNAUTHORIZED', 'Expected a request with a key, got one without.');
  return request.caller;
}
