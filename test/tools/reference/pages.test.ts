import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findCommand } from '../../../src/cli/args/command-table.ts';
import { emit } from '../../../src/cli/args/generated-files.ts';
import { table } from '../../../src/cli/reference/markdown.ts';
import { referencePages } from '../../../src/cli/reference/pages.ts';
import { errorTable } from '../../../src/errors/error-table.ts';
import { operationTypes } from '../../../src/model/job/operations.ts';

const pages = await referencePages();
const root = join(import.meta.dirname, '../..');

describe('the reference', () => {
  it('is committed as it is generated', () => {
    for (const [name, text] of pages) {
      expect(readFileSync(join(root, 'docs/reference', name), 'utf8'), 'run npx framewright docs').toBe(text);
    }
  });

  it('documents every error, every operation and every exit code of a worker once', () => {
    for (const [code, { exit }] of Object.entries<{ exit?: number }>(errorTable)) {
      expect(pages.get('errors.md')).toContain(`| \`${code}\` |`);
      if (exit !== undefined) expect(pages.get('errors.md')?.split(`| ${exit} | \``)).toHaveLength(2);
    }
    for (const type of operationTypes) expect(pages.get('render-job.md')).toContain(`| \`operations[].${type}\` |`);
  });

  it('says nothing of the machine on which it was generated', () => {
    for (const text of pages.values()) expect(text).not.toMatch(/\/home\/|\/root\b|\/tmp\/|\/work\//);
  });

  it('escapes what would break a table', () => {
    expect(table(['a'], [['x | y\nz']])).toBe('| a |\n|---|\n| x \\| y<br>z |');
  });
});

describe('generated files', () => {
  it('are written, then found up to date, then found stale', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'framewright-generated-'));
    const command = findCommand('docs');
    if (!command) throw new Error('expected the command docs');
    const lines: string[] = [];
    const terminal = {
      out: (text: string) => void lines.push(text),
      err: () => undefined,
      live: false,
      color: false,
      columns: () => 80,
    };
    const run = (check: boolean) =>
      emit(new Map([['a/b.md', 'text\n']]), { out: folder, check }, { terminal, command });
    await expect(run(true)).rejects.toThrow(`out of date: ${join(folder, 'a/b.md')}`);
    expect(await run(false)).toBe(0);
    expect(lines).toEqual([`wrote ${join(folder, 'a/b.md')}\n`]);
    expect(await run(true)).toBe(0);
    expect(await run(false)).toBe(0);
    expect(lines).toHaveLength(1);
    await writeFile(join(folder, 'a/b.md'), 'changed\n');
    await expect(run(true)).rejects.toThrow('out of date');
    await rm(folder, { recursive: true });
  });
});
