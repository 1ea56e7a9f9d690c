import { describe, expect, it } from 'vitest';
import type { Asset, AssetIndex } from '../../src/ports/asset-index.ts';

export interface AssetIndexHarness extends AsyncDisposable {
  readonly index: AssetIndex;
  /** Another server that looks at the same files. */
  readonly other: AssetIndex;
}

function asset(key: string, createdAt = 7, more: Partial<Asset> = {}): Asset {
  return {
    key,
    owner: 'alice',
    namespace: 'media',
    filename: `holiday "1"; 💥.mp4`,
    mediaType: 'video/mp4',
    bytes: 2 ** 40,
    sha256: 'cd'.repeat(32),
    createdAt,
    ...more,
  };
}

/** What every AssetIndex promises; each test begins without files. */
export function assetIndexContract(name: string, open: () => Promise<AssetIndexHarness>): void {
  describe(`AssetIndex: ${name}`, () => {
    it('gives back an asset as it was added, to every server', async () => {
      await using harness = await open();
      await harness.index.add(asset('a.mp4'));
      for (const index of [harness.index, harness.other]) {
        expect(await index.get('a.mp4')).toEqual(asset('a.mp4'));
        for (const key of ['b.mp4', '', '../a.mp4', 'a.mp4/', '.a', `x'; --`, 'x'.repeat(1000)])
          expect(await index.get(key)).toBeUndefined();
      }
    });

    it('rejects an existing key, from any owner and at any time', async () => {
      await using harness = await open();
      await harness.index.add(asset('a.mp4'));
      await expect(harness.other.add(asset('a.mp4', 8, { owner: 'mallory' }))).rejects.toMatchObject({
        code: 'CONFLICT',
      });
      expect((await harness.index.get('a.mp4'))?.owner).toBe('alice');
      expect((await harness.index.list({}, { limit: 10 })).assets).toHaveLength(1);
    });

    it('adds one of many that are added under one key in parallel, and lists it once', async () => {
      await using harness = await open();
      const owners = ['alice', 'bob', 'carol', 'alice'];
      const added = await Promise.allSettled(
        owners.map((owner, n) => (n % 2 === 0 ? harness.index : harness.other).add(asset('a.mp4', 7, { owner }))),
      );
      expect(added.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      const known = await harness.index.get('a.mp4');
      expect((await harness.other.list({}, { limit: 10 })).assets).toEqual([known]);
    });

    it('lists the newest first, by owner and namespace', async () => {
      await using harness = await open();
      await harness.index.add(asset('a', 1));
      await harness.index.add(asset('b', 2, { owner: 'bob' }));
      await harness.index.add(asset('c', 3, { namespace: 'other' }));
      await harness.index.add(asset('d', 4, { owner: 'alice2' }));
      const keysOf = async (filter: Parameters<AssetIndex['list']>[0]) =>
        (await harness.other.list(filter, { limit: 10 })).assets.map(({ key }) => key);
      expect(await keysOf({})).toEqual(['d', 'c', 'b', 'a']);
      expect(await keysOf({ owner: 'alice' })).toEqual(['c', 'a']);
      expect(await keysOf({ namespace: 'media' })).toEqual(['d', 'b', 'a']);
      expect(await keysOf({ owner: 'alice', namespace: 'media' })).toEqual(['a']);
    });

    it('pages through all of them once while more are added and some are removed', async () => {
      await using harness = await open();
      for (let number = 0; number < 5; number += 1) await harness.index.add(asset(`old-${number}`, 10 + number));
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await harness.other.list({}, { limit: 2, ...(cursor === undefined ? {} : { cursor }) });
        seen.push(...page.assets.map(({ key }) => key));
        cursor = page.cursor;
        await harness.index.add(asset(`new-${seen.length}`, 100 + seen.length));
        // What a page ended with may be gone before the next one is asked for.
        await harness.index.remove(seen.at(-1) ?? '');
      } while (cursor !== undefined);
      expect(seen).toEqual(['old-4', 'old-3', 'old-2', 'old-1', 'old-0']);
    });

    it('removes for every server, and is at peace with what is gone', async () => {
      await using harness = await open();
      await harness.index.add(asset('a'));
      expect((await harness.other.list({}, { limit: 10 })).assets).toHaveLength(1);
      await harness.index.remove('a');
      await harness.other.remove('a');
      expect(await harness.other.get('a')).toBeUndefined();
      expect(await harness.other.list({}, { limit: 10 })).toEqual({ assets: [] });
    });

    it('takes a file again under the key of one that was removed', async () => {
      await using harness = await open();
      await harness.index.add(asset('a'));
      await harness.other.remove('a');
      await harness.other.add(asset('a', 9, { filename: 'other.mp4' }));
      expect((await harness.index.list({}, { limit: 10 })).assets).toEqual([asset('a', 9, { filename: 'other.mp4' })]);
    });

    it('rejects a cursor that it did not issue', async () => {
      await using harness = await open();
      await expect(harness.index.list({}, { limit: 1, cursor: 'nonsense' })).rejects.toMatchObject({
        code: 'INVALID_REQUEST',
      });
    });
  });
}
