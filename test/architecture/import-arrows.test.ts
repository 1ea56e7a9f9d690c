import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { arrowViolations } from './arrows.ts';
import { findCycles, parseSource, readSources } from './source-graph.ts';

const root = dirname(dirname(import.meta.dirname));
const sources = readSources(root);

describe('the sources', () => {
  it('are found', () => {
    expect(sources.map(({ path }) => path)).toContain('src/errors/error-table.ts');
  });

  it('import along the arrows of the architecture only', () => {
    expect(arrowViolations(sources)).toEqual([]);
  });

  it('have no import cycle', () => {
    expect(findCycles(sources).map((cycle) => cycle.join(' -> '))).toEqual([]);
  });
});

describe('an arrow is broken by', () => {
  it.each([
    ['a model that imports the controller', 'src/model/a.ts', `import { decide } from '../controller/decide.ts';`],
    ['a model that reads files', 'src/model/a.ts', `import { readFile } from 'node:fs/promises';`],
    ['a model that imports another package than zod', 'src/model/a.ts', `import yaml from 'js-yaml';`],
    ['a type that comes from the wrong side', 'src/model/a.ts', `import type { Port } from '../ports.ts';`],
    ['a type that is imported in place', 'src/model/a.ts', `export type P = import('../ports.ts').Port;`],
    ['a dynamic import', 'src/controller/a.ts', `await import('../local/store.ts');`],
    ['a re-export', 'src/controller/a.ts', `export { run } from '../media/plan.ts';`],
    ['a re-export of everything', 'src/errors/error-table.ts', `export * from './model/bounds.ts';`],
    ['a planner that runs a program', 'src/media/planning/plan.ts', `import { spawn } from 'node:child_process';`],
    [
      'a planner that imports what runs programs',
      'src/media/planning/plan.ts',
      `import { run } from './run/ffmpeg.ts';`,
    ],
    ['a brain that knows an adapter', 'src/controller/a.ts', `import { Store } from '../local/store.ts';`],
    ['an adapter that knows the brain', 'src/local/store.ts', `import { decide } from '../controller/decide.ts';`],
    ['an adapter that knows the API', 'src/storage/s3.ts', `import { server } from '../api/server.ts';`],
    ['an adapter that knows another one', 'src/nats/bus.ts', `import { Store } from '../local/store.ts';`],
    ['an API that knows an adapter', 'src/api/server.ts', `import { Store } from '../local/store.ts';`],
    ['anything that imports the wiring', 'src/api/server.ts', `import { main } from '../main.ts';`],
    ['a folder that the architecture does not name', 'src/misc/a.ts', `export const a = 1;`],
  ])('%s', (_case, path, text) => {
    expect(arrowViolations([parseSource(path, text)])).toHaveLength(1);
  });
});

describe('a cycle', () => {
  it('is found through any number of files', () => {
    const files = [
      parseSource('src/a.ts', `import './b.ts';`),
      parseSource('src/b.ts', `import './c.ts'; import './d.ts';`),
      parseSource('src/c.ts', `import type { A } from './a.ts';`),
      parseSource('src/d.ts', `export const d = 1;`),
    ];
    expect(findCycles(files)).toEqual([['src/a.ts', 'src/b.ts', 'src/c.ts', 'src/a.ts']]);
  });
});
