import { describe, expect, it } from 'vitest';
import { createApiKey, digestOf, parseApiKey, verifyApiKey } from '../../../src/api/http/api-key.ts';

const made = () => createApiKey({ owner: 'ann', role: 'user', namespace: 'default', now: 5 });

describe('an API key', () => {
  it('is shown once and stored as a digest only', () => {
    const { key, record } = made();
    expect(key).toMatch(/^fwk_[0-9a-f]{12}_[A-Za-z0-9_-]{43}$/);
    const { id, secret } = parseApiKey(key) ?? { id: '', secret: '' };
    expect(record).toStrictEqual({
      id,
      owner: 'ann',
      role: 'user',
      namespace: 'default',
      digest: digestOf(secret),
      createdAt: 5,
    });
    expect(JSON.stringify(record)).not.toContain(secret);
  });

  it('has a secret of 256 bits, another each time', () => {
    const secrets = Array.from({ length: 100 }, () => parseApiKey(made().key)?.secret ?? '');
    expect(new Set(secrets).size).toBe(100);
    expect(Buffer.from(secrets[0] ?? '', 'base64url')).toHaveLength(32);
  });

  it('verifyApiKey its own record, and no other, none, or a revoked one', () => {
    const { key, record } = made();
    const presented = parseApiKey(key) ?? { id: '', secret: '' };
    expect(verifyApiKey(presented, record)).toBe(true);
    expect(verifyApiKey(presented, made().record)).toBe(false);
    expect(verifyApiKey(presented, undefined)).toBe(false);
    expect(verifyApiKey(presented, { ...record, revokedAt: 6 })).toBe(false);
    expect(verifyApiKey(presented, { ...record, digest: '' })).toBe(false);
  });

  it.each([
    '',
    'fwk_',
    'fwk_a_b',
    `fwk_ABCDEFGH_${'a'.repeat(43)}`,
    `fwk_abcdefgh_${'a'.repeat(44)}`,
    ` fwk_abcdefgh_${'a'.repeat(43)}`,
  ])('%j is none', (text) => {
    expect(parseApiKey(text)).toBeUndefined();
  });
});
