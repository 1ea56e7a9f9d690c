import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commands } from '../../src/cli/args/command-table.ts';
import { configTable } from '../../src/config/settings.ts';
import { classifyExit } from '../../src/media/ffmpeg/exit-classification.ts';

const path = join(import.meta.dirname, '../../docs/guides/gpu.md');
const guide = readFileSync(path, 'utf8');

describe('the guide for owners of a GPU', () => {
  it('links to what is there', () => {
    const links = [...guide.matchAll(/\]\(([^)#]+)/g)].map(([, target = '']) => target);
    expect(links.length).toBeGreaterThan(3);
    for (const target of links) expect(existsSync(join(dirname(path), target)), target).toBe(true);
  });

  it.each([
    [171, 'GPU_UNAVAILABLE'],
    [187, 'GPU_UNAVAILABLE'],
    [234, 'GPU_UNAVAILABLE'],
    [251, 'GPU_FAILED'],
    [218, 'GPU_UNSUPPORTED_PARAMETERS'],
    [69, 'INPUT_INVALID'],
    [8, 'CAPABILITY_MISSING'],
  ] as const)('explains exit status %i, which means %s to a job', (exitCode, code) => {
    expect(guide).toMatch(new RegExp(`^\\| ${exitCode} \\| \\S`, 'm'));
    expect(classifyExit({ exitCode, stderrTail: '', ffmpeg: [7, 1], backend: 'qsv-full' }).code).toBe(code);
  });

  it('names settings and options that there are', () => {
    const settings = new Set(configTable.map(({ variable }) => variable));
    // Of the tests, which are no settings of the product.
    const named = [...guide.matchAll(/FRAMEWRIGHT_\w+/g)]
      .map(([name]) => name)
      .filter((name) => !name.includes('_TEST_'));
    expect(named.length).toBeGreaterThan(0);
    for (const name of named) expect(settings).toContain(name);
    const options = commands.find(({ name }) => name === 'probe')?.options.map(({ name }) => name);
    for (const option of ['json', 'require-gpu']) {
      expect(options).toContain(option);
      expect(guide).toContain(`--${option}`);
    }
  });
});
