import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DirectoryStore } from '../../src/adapters/object-store/directory-store.ts';
import type { OpenedStore } from '../../src/adapters/object-store/open-store.ts';
import { overriddenStore } from '../../src/adapters/object-store/overridden-store.ts';
import { CodedError } from '../../src/errors/coded-error.ts';
import { publishAll } from '../../src/worker/publish-outputs.ts';

let dir: string;
const segments = Array.from({ length: 20 }, (_, index) => `u-1-video_a_${index + 1}.m4s`);
const playlists = ['u-1-video_a.m3u8', 'u-1-main.mpd', 'u-1-main.m3u8'];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'fw-publish-'));
});
afterEach(() => rm(dir, { recursive: true }));

/** A store on a real folder that notes the order of what becomes visible, and fails at one key. */
function watched(failAt?: string): { readonly store: OpenedStore; readonly visible: string[] } {
  const store = new DirectoryStore({ dir: join(dir, 'objects') });
  const visible: string[] = [];
  return {
    visible,
    store: overriddenStore(store, {
      async publish(upload) {
        if (upload.key === failAt) throw new CodedError('STORAGE_FULL', 'Expected free space, the disk is full');
        const info = await store.publish(upload);
        visible.push(upload.key);
        return info;
      },
    }),
  };
}

async function files(keys: readonly string[]): Promise<{ key: string; path: string }[]> {
  return Promise.all(
    keys.map(async (key) => {
      const path = join(dir, key);
      await writeFile(path, key);
      return { key, path };
    }),
  );
}

const present = async (): Promise<string[]> =>
  (await readdir(join(dir, 'objects'))).filter((name) => !name.startsWith('.')).toSorted();

describe('a set of segments', () => {
  it('becomes visible from its segments up, the top-level playlist last', async () => {
    const { store, visible } = watched();
    // The order in which they are given does not matter for segments, and is kept for playlists.
    await publishAll(store, await files([...playlists, ...segments]), new AbortController().signal);
    expect(visible.slice(-3)).toEqual(playlists);
    expect(visible.slice(0, -3).toSorted()).toEqual(segments.toSorted());
  });

  it.each([segments[0] ?? '', segments[13] ?? '', ...playlists])(
    'leaves nothing when %s cannot be published',
    async (key) => {
      const { store } = watched(key);
      const publishing = publishAll(store, await files([...segments, ...playlists]), new AbortController().signal);
      await expect(publishing).rejects.toThrow(/Expected free space/);
      expect(await present()).toEqual([]);
      expect(await readdir(join(dir, 'objects', '.uploads'))).toEqual([]);
    },
  );

  it('is not published when the worker was interrupted before', async () => {
    const { store } = watched();
    const aborted = AbortSignal.abort(new CodedError('INTERRUPTED', 'interrupted'));
    await expect(publishAll(store, await files(segments), aborted)).rejects.toThrow(/interrupted/);
    expect(await present().catch(() => [])).toEqual([]);
  });

  it('is removed when the worker is interrupted while it publishes', async () => {
    const abort = new AbortController();
    const { store } = watched();
    const slow = overriddenStore(store, {
      // A bucket takes its time, and ends an upload early.
      async publish(upload, options) {
        if (upload.key === playlists[1]) abort.abort(new CodedError('INTERRUPTED', 'interrupted'));
        options?.signal?.throwIfAborted();
        return store.publish(upload, options);
      },
    });
    const publishing = publishAll(slow, await files([...segments, ...playlists]), abort.signal);
    await expect(publishing).rejects.toThrow(/interrupted/);
    expect(await present()).toEqual([]);
    expect(await readdir(join(dir, 'objects', '.uploads'))).toEqual([]);
  });

  it('replaces files of an earlier run of the same attempt', async () => {
    const { store } = watched();
    const { signal } = new AbortController();
    await publishAll(store, await files([...segments.slice(0, 9), ...playlists]), signal);
    await publishAll(store, await files([...segments, ...playlists]), signal);
    expect(await present()).toEqual([...segments, ...playlists].toSorted());
  });
});
