import { readFile, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ObjectStore } from '../../src/ports/object-store.ts';

/** A store to test, empty at the beginning. */
export interface ObjectStoreUnderTest {
  readonly store: ObjectStore;
  readonly close: () => Promise<void>;
}

/** What every ObjectStore promises; run against each adapter. */
export function objectStoreContract(name: string, makeStore: () => Promise<ObjectStoreUnderTest>): void {
  describe(`${name} keeps the promises of an object store:`, () => {
    let store: ObjectStore;
    let close: () => Promise<void>;

    beforeEach(async () => {
      ({ store, close } = await makeStore());
    });
    afterEach(() => close());

    const put = async (key: string, content: string): ReturnType<ObjectStore['publish']> => {
      const upload = await store.createUpload(key);
      await writeFile(upload.path, content);
      return store.publish(upload);
    };
    const text = async (key: string, range?: { start: number; end: number }): Promise<string> =>
      Buffer.concat(await Array.fromAsync(await store.read(key, range))).toString();
    const keys = async (prefix: string): Promise<string[]> =>
      (await Array.fromAsync(store.list(prefix))).map(({ key }) => key).toSorted();

    it('a published object can be read, and has its size, time and tag', async () => {
      const before = Date.now();
      const info = await put('a.txt', 'hello');
      expect(info).toMatchObject({ key: 'a.txt', bytes: 5 });
      expect(info.modifiedAt).toBeGreaterThan(before - 5000);
      expect(info.etag).toMatch(/^\S+$/);
      expect(await store.stat('a.txt')).toEqual(info);
      expect(await text('a.txt')).toBe('hello');
    });

    it('an upload is not visible until it is published', async () => {
      const upload = await store.createUpload('a.txt');
      await writeFile(upload.path, 'half');
      expect(await store.stat('a.txt')).toBeUndefined();
      expect(await keys('')).toEqual([]);
      await expect(store.read('a.txt')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    });

    it('a discarded object never appears, and discarding twice is fine', async () => {
      const upload = await store.createUpload('a.txt');
      await writeFile(upload.path, 'never');
      await store.discard(upload);
      await store.discard(upload);
      expect(await store.stat('a.txt')).toBeUndefined();
      await expect(readFile(upload.path)).rejects.toMatchObject({ code: 'ENOENT' });
    });

    it('publishing over an object is a conflict and leaves the first one as it is', async () => {
      await put('a.txt', 'first');
      await expect(put('a.txt', 'second')).rejects.toMatchObject({ code: 'CONFLICT' });
      expect(await text('a.txt')).toBe('first');
    });

    it('of many parallel publishes of the same key exactly one wins', async () => {
      const outcomes = await Promise.allSettled(
        Array.from({ length: 8 }, (_, index) => put('a.txt', `writer ${index}`)),
      );
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      const winner = outcomes.findIndex(({ status }) => status === 'fulfilled');
      expect(await text('a.txt')).toBe(`writer ${winner}`);
    });

    it('publishing what was never written fails and makes nothing visible', async () => {
      const upload = await store.createUpload('a.txt');
      await expect(store.publish(upload)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
      expect(await store.stat('a.txt')).toBeUndefined();
    });

    it('a range has both its ends in it and stops at the end of the object', async () => {
      await put('a.txt', '0123456789');
      expect(await text('a.txt', { start: 0, end: 0 })).toBe('0');
      expect(await text('a.txt', { start: 3, end: 5 })).toBe('345');
      expect(await text('a.txt', { start: 8, end: 99 })).toBe('89');
    });

    it('a range outside the object is rejected', async () => {
      await put('a.txt', '0123456789');
      for (const range of [
        { start: 10, end: 12 },
        { start: 5, end: 4 },
        { start: -1, end: 4 },
      ]) {
        await expect(store.read('a.txt', range)).rejects.toMatchObject({ code: 'RANGE_NOT_SATISFIABLE' });
      }
    });

    it('an empty object is an object', async () => {
      expect(await put('empty.txt', '')).toMatchObject({ bytes: 0 });
      expect(await text('empty.txt')).toBe('');
    });

    it('removing is idempotent and frees the key', async () => {
      await put('a.txt', 'first');
      await store.remove('a.txt');
      await store.remove('a.txt');
      expect(await store.stat('a.txt')).toBeUndefined();
      await put('a.txt', 'second');
      expect(await text('a.txt')).toBe('second');
    });

    it('an object that replaced another one has another tag', async () => {
      const first = await put('a.txt', 'one');
      await store.remove('a.txt');
      const second = await put('a.txt', 'two, and longer');
      expect(second.etag).not.toBe(first.etag);
    });

    it('lists objects by the beginning of their keys, in folders too', async () => {
      for (const key of ['u1-1-main.mp4', 'u1-2-main.mp4', 'u2-1-main.mp4', 'reports/u1-1.json']) await put(key, key);
      expect(await keys('u1-')).toEqual(['u1-1-main.mp4', 'u1-2-main.mp4']);
      expect(await keys('reports/')).toEqual(['reports/u1-1.json']);
      expect(await keys('')).toHaveLength(4);
      expect(await keys('nothing')).toEqual([]);
    });

    it.each([
      '',
      '.',
      '..',
      '../a',
      'a/../b',
      '/a',
      'a//b',
      'a/',
      '.hidden',
      'a/.b',
      'a\\b',
      'a\0b',
      'ä',
      ' a',
      'a'.repeat(256),
    ])('the key %j is rejected by every method', async (key) => {
      const rejection = { code: 'INVALID_REQUEST' };
      await expect(store.stat(key)).rejects.toMatchObject(rejection);
      await expect(store.read(key)).rejects.toMatchObject(rejection);
      await expect(store.createUpload(key)).rejects.toMatchObject(rejection);
      await expect(store.remove(key)).rejects.toMatchObject(rejection);
    });

    it('the URL of an object names it', async () => {
      await put('a.txt', 'hello');
      expect(await store.urlFor('a.txt')).toContain('a.txt');
    });
  });
}
