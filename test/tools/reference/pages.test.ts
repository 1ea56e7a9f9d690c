import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { errorTable } from '../../../src/errors/error-table.ts';
import { operationTypes } from '../../../src/model/job/operations.ts';
import { table } from '../../../tools/reference/markdown.ts';
import { referencePages } from '../../../tools/reference/pages.ts';

const pages = await referencePages();
const root = join(import.meta.dirname, '../../..');

describe('the reference', () => {
  it('is committed as it is generated', () => {
    for (const [name, text] of pages) {
      expect(readFileSync(join(root, 'docs/reference', name), 'utf8'), 'run npm run generate').toBe(text);
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
