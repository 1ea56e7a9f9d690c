import { sign } from 'node:crypto';
import { nkeys } from '@nats-io/transport-node';
import { describe, expect, it } from 'vitest';
import { createNkey, nkeyFromSeed } from '../../../src/adapters/nats/nkey.ts';

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

describe('an nkey', () => {
  it.each([
    ['account', nkeys.createAccount()],
    ['user', nkeys.createUser()],
  ] as const)('of %s is read from a seed that the NATS library wrote', (kind, pair) => {
    const seed = text(pair.getSeed());
    const key = nkeyFromSeed(kind, ` ${seed}\n`);
    expect(key).toMatchObject({ seed, publicKey: pair.getPublicKey() });
    const signature = sign(null, Buffer.from('hello'), key.privateKey);
    expect(pair.verify(Buffer.from('hello'), signature)).toBe(true);
  });

  it.each(['account', 'user'] as const)('of %s is read by the NATS library', (kind) => {
    const { seed, publicKey } = createNkey(kind);
    expect(nkeys.fromSeed(Buffer.from(seed)).getPublicKey()).toBe(publicKey);
  });

  it.each([
    ['nothing', ''],
    ['text that is not base 32', 'SAÄ!'],
    ['a seed of another kind', createNkey('user').seed],
    ['a public key', createNkey('account').publicKey],
    ['a truncated seed', createNkey('account').seed.slice(0, -3)],
    ['a seed with a wrong letter', createNkey('account').seed.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'))],
  ])('is not read from %s, and the error does not contain it', (_case, seed) => {
    expect(() => nkeyFromSeed('account', seed)).toThrow(/^Expected the seed of an account, got other text$/);
  });
});
