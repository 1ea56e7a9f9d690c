import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { ApiKey, Role } from '../../ports/key-store.ts';

// A key is `fwk_<id>_<secret>`: the id finds the record, the secret (256 random bits) is verified. Only the SHA-256 of the
// secret is stored: a slow hash protects guessable passwords, and these cannot be guessed.

const pattern = /^fwk_([a-z0-9]{8,32})_([A-Za-z0-9_-]{43})$/;

export interface PresentedKey {
  readonly id: string;
  readonly secret: string;
}

/** The parts of a key as a client sends it; `undefined` when it has another form. */
export function parseApiKey(text: string): PresentedKey | undefined {
  const [, id, secret] = pattern.exec(text) ?? [];
  return id === undefined || secret === undefined ? undefined : { id, secret };
}

/** Lower-case hex SHA-256 of the secret part. */
export function digestOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** Creates a key. `key` is shown to its owner once; `record` is what a KeyStore stores. */
export function createApiKey(owner: {
  readonly owner: string;
  readonly role: Role;
  readonly namespace: string;
  readonly now: number;
}): {
  readonly key: string;
  readonly record: ApiKey;
} {
  const id = randomBytes(6).toString('hex');
  const secret = randomBytes(32).toString('base64url');
  const { owner: name, role, namespace, now } = owner;
  return {
    key: `fwk_${id}_${secret}`,
    record: { id, owner: name, role, namespace, digest: digestOf(secret), createdAt: now },
  };
}

/** An unknown id is compared with this digest, so that it takes as long as a known one. */
const dummyDigest = digestOf(randomBytes(32).toString('base64url'));

/** Whether the secret belongs to the record, in constant time; never for a revoked or an unknown key. */
export function verifyApiKey(presented: PresentedKey, record: ApiKey | undefined): record is ApiKey {
  const expected = Buffer.from(record?.digest ?? dummyDigest, 'hex');
  const given = Buffer.from(digestOf(presented.secret), 'hex');
  const equal = expected.length === given.length && timingSafeEqual(expected, given);
  return equal && record !== undefined && record.revokedAt === undefined;
}
