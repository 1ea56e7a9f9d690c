import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { commands } from '../../src/cli/args/command-table.ts';
import { detailedHelp } from '../../src/cli/args/detailed-help.ts';
import { commandHelp, generalHelp } from '../../src/cli/args/help.ts';
import { checkout, inCheckout } from '../support/checkout.ts';
import { forbiddenWords, violations, wordsOf } from './glossary.ts';

const words = forbiddenWords();

/** Everything that people read: sources, documentation, manifests, and what is generated from them. */
const files = globSync(
  [
    'src/**/*.ts',
    'tools/**/*.ts',
    'examples/**/*',
    'docs/**/*.{md,json}',
    'crds/*.yaml',
    'manifests/**/*.{md,yaml}',
    '*.md',
    '.github/**/*.{md,yaml}',
  ],
  { cwd: checkout },
).filter((path) => path !== 'docs/glossary.md' && /\.\w+$/.test(path));

describe('the glossary', () => {
  it('is read whole: every table, with the exceptions of inherited names', () => {
    expect(words.length).toBeGreaterThan(80);
    expect(words).toContainEqual({ phrase: 'rung', except: [] });
    const inherited = words.filter(({ except }) => except.length > 0);
    expect(inherited.map(({ phrase }) => phrase).toSorted()).toEqual(['cdn', 'peako', 'redis']);
  });

  it.each([
    ['const rungOf = 1;', 1],
    ['a picture, and its sound', 2],
    ['EDGE_PAD', 1],
    ['steps-down', 1],
    ['stepsDown', 1],
    ['placement replaces hedge', 0],
    ['an HLS ladder', 0],
  ])('is applied to words inside names: %s', (line, count) => {
    expect(violations('src/a.ts', line, words), wordsOf(line)).toHaveLength(count);
  });

  it('allows an inherited name in the room of its API alone', () => {
    expect(violations('src/api/edit/a.ts', 'redis: true', words)).toEqual([]);
    expect(violations('src/api/http/a.ts', 'redis: true', words)).toHaveLength(1);
  });
});

describe('words that the glossary replaces', () => {
  it('stand in no source, page or manifest', () => {
    expect(files.length).toBeGreaterThan(500);
    expect(files.flatMap((path) => violations(path, readFileSync(inCheckout(path), 'utf8'), words))).toEqual([]);
  });

  it('stand in no help of the command line', async () => {
    const texts = [
      generalHelp(),
      ...(await Promise.all(commands.map((command) => detailedHelp(command, commandHelp)))),
    ];
    expect(violations('framewright --help', texts.join('\n'), words)).toEqual([]);
  });
});
