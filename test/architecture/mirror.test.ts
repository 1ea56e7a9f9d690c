import { existsSync, globSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkout } from '../support/checkout.ts';

/** What each folder of `test/` holds that is no room of the sources. */
const suites: Readonly<Record<string, string>> = {
  architecture: 'rules about the sources themselves',
  bin: 'the launcher, at the path of bin/',
  chaos: 'kills and interleavings, judged by invariants',
  cluster: 'the control plane that tests run on',
  contract: 'one suite per port, run by the tests of its adapters',
  demo: 'the checks of npm run demo',
  docs: 'claims of the guides',
  e2e: 'a whole server on one machine',
  'e2e-api': 'the published APIs on one machine and on a cluster',
  fixtures: 'programs that tests start',
  manifests: 'the manifests',
  renders: 'whole stages through a worker, by what comes out',
  scenarios: 'several sources together',
  scripts: 'the scripts, at the paths of scripts/',
  'software-gpu': 'the stand-in of Intel GPUs',
  support: 'helpers of tests',
  tools: 'the generators, at the paths of tools/',
};

/** Folders outside src/ whose tests mirror them as well. */
const mirrored = ['bin', 'scripts', 'tools'];

/** `a/b.aspect.itest.ts` tests `a/b.ts`: further words after a dot name what of it is tested. */
function subjectOf(test: string): string {
  const [folder = '', ...rest] = test.split('/');
  const name = rest.at(-1)?.split('.')[0] ?? '';
  const path = [...rest.slice(0, -1), name].join('/');
  return mirrored.includes(folder) ? `${folder}/${path}` : `src/${folder}/${path}`;
}

const tests = globSync('test/**/*.{test,itest,ktest}.ts', { cwd: checkout }).map((path) => path.slice('test/'.length));
const rooms = globSync('src/*/', { cwd: checkout }).map((path) => path.replace(/^src\/|\/$/g, ''));
const missing = (path: string): boolean =>
  !['.ts', '.mjs'].some((ending) => existsSync(join(checkout, `${path}${ending}`)));

describe('the tests', () => {
  it('of one source lie at its path', () => {
    const ofOneSource = tests.filter((path) => [...rooms, ...mirrored].includes(path.split('/')[0] ?? ''));
    expect(ofOneSource.length).toBeGreaterThan(100);
    expect(ofOneSource.filter((path) => missing(subjectOf(path)))).toEqual([]);
  });

  it('lie in a room of the sources or in a folder that is explained', () => {
    const folders = globSync('test/*/', { cwd: checkout }).map((path) => path.replace(/^test\/|\/$/g, ''));
    expect(folders.filter((name) => !rooms.includes(name) && !(name in suites))).toEqual([]);
    expect(Object.keys(suites).filter((name) => !folders.includes(name))).toEqual([]);
  });
});

describe('the sources', () => {
  it('are main.ts and folders', () => {
    expect(globSync('src/*.ts', { cwd: checkout })).toEqual(['src/main.ts']);
  });

  it('lie at most eighteen to a folder', () => {
    const counts = new Map<string, number>();
    for (const path of globSync('src/**/*.ts', { cwd: checkout })) {
      const folder = path.slice(0, path.lastIndexOf('/'));
      counts.set(folder, (counts.get(folder) ?? 0) + 1);
    }
    expect([...counts].filter(([, count]) => count > 18)).toEqual([]);
  });
});
