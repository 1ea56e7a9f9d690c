import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkout, inCheckout } from '../support/checkout.ts';

const pages = globSync('{*,docs/**/*,test/**/*,src/**/*,examples/**/*,manifests/**/*,.github/*}.md', {
  cwd: checkout,
  exclude: ['**/node_modules/**'],
});

/** GitHub's anchor of a heading: lower case, without punctuation, with dashes for spaces. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading.replaceAll(/[`*]/g, '')));
}

function brokenLinks(page: string, text: string): string[] {
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target) && !target.startsWith('../../security'))
    .filter((target) => {
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? inCheckout(page) : join(dirname(inCheckout(page)), path);
      if (!existsSync(file)) return true;
      return anchor !== undefined && !anchorsOf(readFileSync(file, 'utf8')).includes(anchor);
    })
    .map((target) => `${page}: ${target}`);
}

/** Paths of sources in prose and code spans, such as `src/model/labels.ts`. */
function missingPaths(page: string, text: string): string[] {
  return [...text.matchAll(/(?<![\w/.-])(?:src|test|tools|scripts|bench|examples|manifests)\/[\w./-]*[\w/]/g)]
    .map(([path]) => path)
    .filter((path) => !existsSync(inCheckout(path)))
    .map((path) => `${page}: ${path}`);
}

describe('the documentation', () => {
  it('is found', () => {
    expect(pages).toEqual(expect.arrayContaining(['README.md', 'ARCHITECTURE.md', 'docs/guides/kubernetes.md']));
  });

  it.each(pages)('%s links to files and headings that exist', (page) => {
    expect(brokenLinks(page, readFileSync(inCheckout(page), 'utf8'))).toEqual([]);
  });

  it.each(pages.filter((page) => page !== 'CHANGELOG.md'))('%s names paths that exist', (page) => {
    expect(missingPaths(page, readFileSync(inCheckout(page), 'utf8'))).toEqual([]);
  });

  it('of the architecture names files below src/ that exist', () => {
    const text = readFileSync(inCheckout('ARCHITECTURE.md'), 'utf8');
    const named = [...text.matchAll(/`((?:controller|worker|media|adapters|api|worker-protocol)\/[\w./-]+\.ts)`/g)];
    expect(named.length).toBeGreaterThan(25);
    expect(named.map(([, path = '']) => path).filter((path) => !existsSync(inCheckout('src', path)))).toEqual([]);
  });

  it('notices a broken link, a missing heading and a missing path', () => {
    expect(brokenLinks('README.md', '[a](nowhere.md) [b](#nothing) [c](README.md)')).toHaveLength(2);
    expect(missingPaths('README.md', '`src/nothing.ts` and src/main.ts')).toEqual(['README.md: src/nothing.ts']);
  });
});
