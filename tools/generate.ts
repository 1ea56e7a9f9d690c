// npm run generate: writes every generated file (crds/, docs/reference/). With --check (npm run check:drift) it writes
// nothing and fails when a committed file is not what its generator writes today.
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { staleFiles, writeFiles } from './generated-files.ts';
import { generators } from './generators.ts';

const root = dirname(import.meta.dirname);
const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });

const stale: string[] = [];
for (const [name, generate] of Object.entries(generators)) {
  const generated = await generate();
  const differing = values.check ? await staleFiles(generated, root) : await writeFiles(generated, root);
  for (const path of differing) console.log(`${name}: ${values.check ? 'out of date:' : 'wrote'} ${path}`);
  stale.push(...differing);
}
if (values.check && stale.length > 0) {
  console.error('Run `npm run generate` and commit the result.');
  process.exitCode = 1;
} else if (stale.length === 0) console.log('Every generated file is up to date.');
