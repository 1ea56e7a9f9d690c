import { globSync, readFileSync } from 'node:fs';
import { parseSync, Visitor } from 'vite';
import { describe, expect, it } from 'vitest';
import { checkout, inCheckout } from '../support/checkout.ts';
import { forbiddenWords, violations } from './glossary.ts';

const runners = new Set(['it', 'test', 'describe', 'itWithPlayedPods', 'describeOnCluster', 'describeOnSoftwareGpu']);

/** Titles of suites and tests in a file, as written; what a template inserts counts as nothing. */
function titlesOf(path: string, text: string): string[] {
  const titles: string[] = [];
  const { program } = parseSync(path, text);
  const visitor = new Visitor({
    CallExpression({ callee, arguments: args }) {
      let root = callee;
      while (root.type === 'MemberExpression' || root.type === 'CallExpression') {
        root = root.type === 'MemberExpression' ? root.object : root.callee;
      }
      if (root.type !== 'Identifier' || !runners.has(root.name)) return;
      for (const argument of args) {
        if (argument.type === 'Literal' && typeof argument.value === 'string') titles.push(argument.value);
        if (argument.type === 'TemplateLiteral') titles.push(argument.quasis.map(({ value }) => value.cooked).join(''));
      }
    },
  });
  visitor.visit(program);
  return titles;
}

const files = globSync('test/**/*.ts', { cwd: checkout });
const titles = files.flatMap((path) =>
  titlesOf(path, readFileSync(inCheckout(path), 'utf8')).map((title) => ({ path, title })),
);

describe('titles of tests', () => {
  it('are found', () => {
    expect(titles.length).toBeGreaterThan(1000);
    expect(titlesOf('a.ts', "describe('a', () => { it.each([1])('b %i', () => {}); it(`c ${1}`, run); });")).toEqual([
      'a',
      'b %i',
      'c ',
    ]);
  });

  it('are at most 100 characters long', () => {
    expect(titles.filter(({ title }) => title.length > 100)).toEqual([]);
  });

  it('use the words of the glossary', () => {
    const words = forbiddenWords();
    expect(titles.flatMap(({ path, title }) => violations(path, title, words))).toEqual([]);
  });
});
