import { randomUUID, sign } from 'node:crypto';
import { createNkey, type Nkey, nkeyFromSeed } from './nkey.ts';
import { maxMessageBytes } from './progress-message.ts';
import { type ProgressSource, progressSubject } from './subject.ts';

/** Signs users of an account of NATS. */
export interface AccountSigner {
  readonly key: Nkey;
  /** Public key of the account, where `key` is a signing key of it. */
  readonly account?: string | undefined;
}

/**
 * @param seed of the account's key or of one of its signing keys: `SA…`
 * @param account its public key, `A…`, needed where the seed is that of a signing key
 * @throws Error that does not contain the text, when it is not the seed of an account
 */
export function accountSigner(seed: string, account?: string): AccountSigner {
  return { key: nkeyFromSeed('account', seed), account };
}

interface Lifetime {
  /** Unix seconds. */
  readonly issuedAt: number;
  /** Unix seconds. */
  readonly expiresAt: number;
}

/**
 * Credentials (the text of a `.creds` file) with which a worker may publish the progress of one attempt and nothing else.
 * Signed here, without a call to a server.
 *
 * @see https://docs.nats.io/running-a-nats-service/nats_admin/security/jwt
 */
export function progressCredentials(signer: AccountSigner, source: ProgressSource, lifetime: Lifetime): string {
  const user = createNkey('user');
  const claims = {
    jti: randomUUID(),
    iat: Math.floor(lifetime.issuedAt),
    exp: Math.ceil(lifetime.expiresAt),
    iss: signer.key.publicKey,
    sub: user.publicKey,
    name: `${source.namespace}/${source.name}`,
    nats: {
      type: 'user',
      version: 2,
      pub: { allow: [progressSubject(source)] },
      sub: { deny: ['>'] },
      // With 0 the server closes the connection immediately.
      subs: 1,
      data: -1,
      payload: maxMessageBytes,
      ...(signer.account !== undefined && { issuer_account: signer.account }),
    },
  };
  return credsText(signJwt(signer.key, claims), user.seed);
}

/** A JWT as NATS signs it, by any of its keys. */
export function signJwt({ privateKey }: Pick<Nkey, 'privateKey'>, claims: object): string {
  const signed = [{ typ: 'JWT', alg: 'ed25519-nkey' }, claims].map((part) => base64url(JSON.stringify(part))).join('.');
  return `${signed}.${base64url(sign(null, Buffer.from(signed), privateKey))}`;
}

/** The content of a `.creds` file. */
export function credsText(jwt: string, seed: string): string {
  return [
    '-----BEGIN NATS USER JWT-----',
    jwt,
    '------END NATS USER JWT------',
    '',
    '-----BEGIN USER NKEY SEED-----',
    seed,
    '------END USER NKEY SEED------',
    '',
  ].join('\n');
}

function base64url(bytes: string | Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}
