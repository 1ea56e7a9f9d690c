import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseSource, readSources, type SourceFile } from './source-graph.ts';

const sources = readSources(dirname(dirname(import.meta.dirname)));

/** Where decisions are made: with the clock and everything else passed in, so that a test can replay them. */
const PURE = /^src\/(errors|model|ports|worker-protocol|controller)\/|^src\/media\/[^/]+\/[^/]+$/;
const IMPURE =
  /^(process\.\w+|Date\.now|new Date|Math\.random|performance\.now|crypto\.\w+|fetch|setTimeout|setInterval|setImmediate)$/;

/** The controller's shell calls the ports and waits between calls; what time it is, even it asks the Clock port. */
const SHELL = /^src\/controller\/(controller|work-queue|admission\/admission-passes)\.ts$/;
const TIMERS = new Set(['setTimeout', 'setImmediate', 'performance.now']);

function impurities({ path, reaches }: SourceFile): string[] {
  return reaches
    .filter((name) => IMPURE.test(name) && !(SHELL.test(path) && TIMERS.has(name)))
    .map((name) => `${path} reaches for ${name}`);
}

function environmentReaders({ path, reaches }: SourceFile): string[] {
  return path !== 'src/config/load-config.ts' && reaches.includes('process.env') ? [path] : [];
}

describe('the sources', () => {
  it('read the environment in load-config.ts only', () => {
    expect(sources.flatMap(environmentReaders)).toEqual([]);
  });

  it('take clock, chance and the outside world as arguments wherever something is decided', () => {
    expect(sources.filter(({ path }) => PURE.test(path)).flatMap(impurities)).toEqual([]);
  });

  it('silence no checker', () => {
    expect(sources.flatMap(({ path, silencers }) => silencers.map((comment) => `${path}: ${comment}`))).toEqual([]);
  });
});

describe('reading the environment is noticed', () => {
  it.each([
    `const a = process.env.HOME;`,
    `const a = process['env'];`,
    `const { env } = process;`,
    `import { env } from 'node:process';`,
    `import process from 'node:process'; process.env;`,
  ])('as %s', (text) => {
    expect(environmentReaders(parseSource('src/api/a.ts', text))).toEqual(['src/api/a.ts']);
  });
});

describe('impurity is noticed', () => {
  it.each([
    `const now = Date.now();`,
    `const now = new Date();`,
    `const luck = Math.random();`,
    `setTimeout(run, 5);`,
    `await fetch(url);`,
    `const { platform } = process;`,
  ])('in %s', (text) => {
    expect(impurities(parseSource('src/model/a.ts', text))).toHaveLength(1);
  });

  it('but not in a date that is made from a value', () => {
    expect(impurities(parseSource('src/model/a.ts', `const at = new Date(now).toISOString();`))).toEqual([]);
  });
});

describe('a silenced checker is noticed', () => {
  it.each(['// oxlint-disable-next-line', '/* eslint-disable */', '// @ts-expect-error', '// biome-ignore format: a'])(
    'as %s',
    (comment) => {
      expect(parseSource('src/a.ts', `${comment}\nexport const a = 1;`).silencers).toHaveLength(1);
    },
  );
});
