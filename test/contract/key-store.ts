import { describe, expect, it, vi } from 'vitest';
import type { ApiKey, KeyStore } from '../../src/ports/key-store.ts';

export interface KeyStoreHarness extends AsyncDisposable {
  readonly store: KeyStore;
  /** Another process that looks at the same keys. */
  readonly other: KeyStore;
}

const key: ApiKey = {
  id: 'k1',
  owner: 'alice',
  role: 'user',
  namespace: 'media',
  digest: 'ab'.repeat(32),
  createdAt: 5,
};

/** How long a watch may take on a machine that is busy. */
const patience = { timeout: 20_000, interval: 20 };

/** What every KeyStore promises; each test begins without keys. What one process writes, others see in a moment. */
export function keyStoreContract(name: string, open: () => Promise<KeyStoreHarness>): void {
  describe(`KeyStore: ${name}`, () => {
    it('gives back a key as it was added', async () => {
      await using harness = await open();
      await harness.store.add(key);
      await vi.waitFor(async () => expect(await harness.store.get('k1')).toEqual(key), patience);
      expect(await harness.store.get('k2')).toBeUndefined();
    });

    it.each(["k1' OR '1", '', '../k1', 'k1/status', 'K1', 'k'.repeat(5000)])('has no key %j', async (id) => {
      await using harness = await open();
      await harness.store.add(key);
      expect(await harness.store.get(id)).toBeUndefined();
      expect(await harness.store.revoke(id, 1)).toBe(false);
    });

    it('rejects an existing id and keeps the first key', async () => {
      await using harness = await open();
      await harness.store.add(key);
      await expect(harness.store.add({ ...key, owner: 'mallory' })).rejects.toMatchObject({ code: 'CONFLICT' });
      expect((await harness.store.list()).map(({ owner }) => owner)).toEqual(['alice']);
    });

    it('lists the oldest first', async () => {
      await using harness = await open();
      await harness.store.add({ ...key, id: 'later', createdAt: 9 });
      await harness.store.add(key);
      expect((await harness.store.list()).map(({ id }) => id)).toEqual(['k1', 'later']);
    });

    it('revokes once, and says whether there is such a key', async () => {
      await using harness = await open();
      await harness.store.add(key);
      expect(await harness.store.revoke('k1', 100)).toBe(true);
      expect(await harness.store.revoke('k1', 200)).toBe(true);
      expect(await harness.store.revoke('k2', 100)).toBe(false);
      await vi.waitFor(async () => expect(await harness.store.get('k1')).toEqual({ ...key, revokedAt: 100 }), patience);
    });

    it('keeps the time of one of many parallel revocations', async () => {
      await using harness = await open();
      await harness.store.add(key);
      const answers = await Promise.all([1, 2, 3, 4].map((at) => harness.store.revoke('k1', at)));
      expect(answers).toEqual([true, true, true, true]);
      const [first] = await harness.store.list();
      expect([1, 2, 3, 4]).toContain(first?.revokedAt);
    });

    it('sees what another process adds and revokes', async () => {
      await using harness = await open();
      await harness.other.add(key);
      await vi.waitFor(async () => expect(await harness.store.get('k1')).toEqual(key), patience);
      await harness.other.revoke('k1', 7);
      await vi.waitFor(async () => expect((await harness.store.get('k1'))?.revokedAt).toBe(7), patience);
    });
  });
}
