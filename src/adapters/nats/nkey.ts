import { createPrivateKey, createPublicKey, type KeyObject, randomBytes } from 'node:crypto';
import { fromBase32, toBase32 } from '../../lib/base32.ts';

// NATS writes Ed25519 keys as base 32 of a prefix, 32 bytes and a checksum. `@nats-io/nkeys` computes Ed25519 in JavaScript,
// which is about a hundred times slower than node:crypto: docs/decisions/0022-sign-nats-credentials-with-node-crypto.md.

/** First bytes of public keys, which decide their first letter. */
const prefixes = { account: 0, user: 20 << 3 } as const;
type NkeyKind = keyof typeof prefixes;

export interface Nkey {
  /** `A…` or `U…` */
  readonly publicKey: string;
  /** `SA…` or `SU…` */
  readonly seed: string;
  /** For `sign` of node:crypto. */
  readonly privateKey: KeyObject;
}

/** First bits of a seed: the letter S. */
const seedPrefix = 18 << 3;
const rawBytes = 32;
/** What precedes the 32 bytes of an Ed25519 key in PKCS #8 (RFC 8410). */
const pkcs8Header = Buffer.from('302e020100300506032b657004220420', 'hex');

export function createNkey(kind: NkeyKind): Nkey {
  return nkeyOf(kind, randomBytes(rawBytes));
}

/** @throws Error that does not contain the text, when it is not a seed of this kind */
export function nkeyFromSeed(kind: NkeyKind, seed: string): Nkey {
  const bytes = fromBase32(seed.trim());
  const raw = bytes?.subarray(2, 2 + rawBytes);
  const key = raw?.length === rawBytes ? nkeyOf(kind, raw) : undefined;
  // Comparing the whole text verifies its kind and its checksum too.
  if (key?.seed !== seed.trim())
    throw new Error(`Expected the seed of ${kind === 'user' ? 'a user' : 'an account'}, got other text`);
  return key;
}

function nkeyOf(kind: NkeyKind, raw: Uint8Array): Nkey {
  const privateKey = createPrivateKey({ key: Buffer.concat([pkcs8Header, raw]), format: 'der', type: 'pkcs8' });
  const { x = '' } = createPublicKey(privateKey).export({ format: 'jwk' });
  const prefix = prefixes[kind];
  return {
    publicKey: withChecksum(Buffer.concat([Buffer.of(prefix), Buffer.from(x, 'base64url')])),
    seed: withChecksum(Buffer.concat([Buffer.of(seedPrefix | (prefix >> 5), (prefix & 31) << 3), raw])),
    privateKey,
  };
}

function withChecksum(bytes: Buffer): string {
  const sum = crc16(bytes);
  return toBase32(Buffer.concat([bytes, Buffer.of(sum & 0xff, sum >> 8)]));
}

/** CRC-16/XMODEM. */
function crc16(bytes: Buffer): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) crc = ((crc << 1) ^ ((crc & 0x8000) === 0 ? 0 : 0x1021)) & 0xffff;
  }
  return crc;
}
