// Checks that every generated file is what its generator writes today: npm run check:drift
import { dirname } from 'node:path';
import { GENERATORS } from './generators.ts';
import { runCheck } from './run-check.ts';

const root = dirname(import.meta.dirname);
let failed = 0;
for (const { name, args } of GENERATORS) {
  const passed = await runCheck(
    { name, command: process.execPath, args: ['--disable-warning=ExperimentalWarning', ...args, '--check'] },
    root,
  );
  if (!passed) failed += 1;
}
console.log(`\n${GENERATORS.length - failed} of ${GENERATORS.length} generated parts are up to date`);
process.exitCode = failed === 0 ? 0 : 1;
