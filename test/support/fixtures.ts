import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test as base } from 'vitest';

async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}

/**
 * Tests with temporary folders, which are created for the tests that use them and removed afterwards: `scratch` is shared
 * by the tests of a file, `ownScratch` is created for each test. Both are real paths.
 */
export const test = base
  .extend('folderPrefix', { scope: 'file' }, 'framewright-test-')
  .extend('scratch', { scope: 'file' }, async ({ folderPrefix }, { onCleanup }) => {
    const folder = await realpath(await mkdtemp(join(tmpdir(), folderPrefix)));
    onCleanup(() => removeFolder(folder));
    return folder;
  })
  .extend('ownScratch', async ({ folderPrefix }, { onCleanup }) => {
    const folder = await realpath(await mkdtemp(join(tmpdir(), folderPrefix)));
    onCleanup(() => removeFolder(folder));
    return folder;
  });

export { test as it };
