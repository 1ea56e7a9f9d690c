import { createPrivateKey, createPublicKey, type KeyObject, randomBytes } from 'node:crypto';

// NATS writes Ed25519 keys as base32 of a prefix, 32 bytes and a checksum. The client's own library does the arithmetic in
// JavaScript and takes tens of milliseconds for a signature; Node's takes less than one.

/** First bytes of public keys; the letter that they begin with. */
const kinds = { account: 0, user: 20 << 3 } as const;
export type NkeyKind = keyof typeof kinds;

export interface Nkey {
  /** `A…` or `U…` */
  readonly publicKey: string;
  /** `SA…` or `SU…` */
  readonly seed: string;
  /** For `sign` of node:crypto. */
  readonly privateKey: KeyObject;
}

const seedMark = 18 << 3;
const rawBytes = 32;
/** What stands before the 32 bytes of an Ed25519 key in PKCS #8 (RFC 8410). */
const pkcs8Start = Buffer.from('302e020100300506032b657004220420', 'hex');

export function createNkey(kind: NkeyKind): Nkey {
  return nkeyOf(kind, randomBytes(rawBytes));
}

/** @throws Error that does not show the seed, when it is none of this kind */
export function nkeyFromSeed(kind: NkeyKind, seed: string): Nkey {
  const bytes = fromBase32(seed.trim());
  const raw = bytes?.subarray(2, 2 + rawBytes);
  const key = raw?.length === rawBytes ? nkeyOf(kind, raw) : undefined;
  if (key?.seed !== seed.trim())
    throw new Error(`Expected the seed of ${kind === 'user' ? 'a user' : 'an account'}, got another text`);
  return key;
}

function nkeyOf(kind: NkeyKind, raw: Buffer): Nkey {
  const privateKey = createPrivateKey({ key: Buffer.concat([pkcs8Start, raw]), format: 'der', type: 'pkcs8' });
  const { x = '' } = createPublicKey(privateKey).export({ format: 'jwk' });
  const prefix = kinds[kind];
  return {
    publicKey: withChecksum(Buffer.concat([Buffer.of(prefix), Buffer.from(x, 'base64url')])),
    seed: withChecksum(Buffer.concat([Buffer.of(seedMark | (prefix >> 5), (prefix & 31) << 3), raw])),
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

/** RFC 4648, without padding. */
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

function toBase32(bytes: Buffer): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const groups = bits.match(/.{1,5}/g) ?? [];
  return groups.map((group) => alphabet[Number.parseInt(group.padEnd(5, '0'), 2)] ?? '').join('');
}

function fromBase32(text: string): Buffer | undefined {
  if (!/^[A-Z2-7]+$/.test(text)) return undefined;
  const bits = Array.from(text, (letter) => alphabet.indexOf(letter).toString(2).padStart(5, '0')).join('');
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}
