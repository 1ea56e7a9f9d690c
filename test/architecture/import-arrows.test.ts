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
    ['a model that imports another package than zod', 'src/model/a.ts', `import pino from 'pino';`],
    ['a type that comes from the wrong side', 'src/model/a.ts', `import type { Port } from '../ports/clock.ts';`],
    ['a type that is imported in place', 'src/model/a.ts', `export type P = import('../ports/clock.ts').Port;`],
    ['a dynamic import', 'src/controller/a.ts', `await import('../adapters/sqlite/store.ts');`],
    ['a re-export', 'src/controller/a.ts', `export { run } from '../media/planning/plan.ts';`],
    ['a re-export of everything', 'src/errors/a.ts', `export * from '../model/bounds.ts';`],
    ['a helper that knows the domain', 'src/lib/a.ts', `import { Clock } from '../ports/clock.ts';`],
    ['a planner that runs a program', 'src/media/planning/a.ts', `import { spawn } from 'node:child_process';`],
    ['a planner that imports what runs programs', 'src/media/planning/a.ts', `import '../ffmpeg/run/run-tool.ts';`],
    ['a planner that imports what runs beside it', 'src/media/probe/a.ts', `import './run/probe-file.ts';`],
    ['media that know an adapter', 'src/media/probe/run/a.ts', `import '../../../adapters/nats/nats-bus.ts';`],
    ['a controller that knows an adapter', 'src/controller/a.ts', `import '../adapters/sqlite/store.ts';`],
    ['an adapter that knows the controller', 'src/adapters/sqlite/a.ts', `import '../../controller/decide.ts';`],
    ['an adapter that knows the API', 'src/adapters/object-store/a.ts', `import '../../api/server.ts';`],
    ['an adapter that knows another one', 'src/adapters/nats/a.ts', `import '../sqlite/store.ts';`],
    ['a Kubernetes client that knows jobs', 'src/adapters/kubernetes/client/a.ts', `import '../jobs/store.ts';`],
    ['an API that knows an adapter', 'src/api/server.ts', `import '../adapters/sqlite/store.ts';`],
    ['a published API that knows another one', 'src/api/edit/a.ts', `import '../native/native-jobs.ts';`],
    ['a helper of all APIs that knows one', 'src/api/http/a.ts', `import '../edit/edit-jobs.ts';`],
    ['a process that knows the command line', 'src/processes/a.ts', `import '../cli/args/help.ts';`],
    ['anything that imports the first file', 'src/api/server.ts', `import { main } from '../main.ts';`],
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
