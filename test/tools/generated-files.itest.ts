import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { staleFiles, writeFiles } from '../../tools/generated-files.ts';
import { it } from '../support/fixtures.ts';

it('writes generated files once, and finds them again when they were changed', async ({ ownScratch: root }) => {
  const generated = { folder: 'a', files: new Map([['b.md', 'text\n']]) };
  expect(await staleFiles(generated, root)).toEqual(['a/b.md']);
  expect(await writeFiles(generated, root)).toEqual(['a/b.md']);
  expect(await staleFiles(generated, root)).toEqual([]);
  expect(await writeFiles(generated, root)).toEqual([]);
  await writeFile(join(root, 'a/b.md'), 'changed\n');
  expect(await staleFiles(generated, root)).toEqual(['a/b.md']);
});
