// Every check of the project, one after the other, even when earlier ones fail. The last line printed is
// `N passed, N failed`: tests and checks together. Called by .ci/run.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Failure, type TestTally, tallyReport } from './ci/test-report.ts';
import { type Check, runCheck } from './run-check.ts';

const root = dirname(import.meta.dirname);

const CHECKS: readonly Check[] = [
  { name: 'lint', command: 'npm', args: ['run', '--silent', 'lint'] },
  { name: 'format', command: 'npm', args: ['run', '--silent', 'format:check'] },
  { name: 'unused code', command: 'npm', args: ['run', '--silent', 'knip'] },
  { name: 'types', command: 'npm', args: ['run', '--silent', 'typecheck'] },
  { name: 'generated files', command: 'npm', args: ['run', '--silent', 'check:drift'] },
  { name: 'build', command: 'npm', args: ['run', '--silent', 'build'] },
  { name: 'built program', command: process.execPath, args: ['dist/framewright.mjs', '--help'] },
  { name: 'demo', command: 'npm', args: ['run', '--silent', 'demo'] },
];

/** Runs `npm test` with the default reporter and a report for the count. */
async function runTests(): Promise<TestTally> {
  const folder = await mkdtemp(join(tmpdir(), 'framewright-ci-'));
  const file = join(folder, 'report.json');
  try {
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
    const ended = await runCheck({ name: 'tests', command: 'npm', args: ['test', '--', ...reporters] }, root);
    const tally = tallyReport(JSON.parse(await readFile(file, 'utf8')), root);
    const unexplained = !ended && tally.failed.length === 0;
    return unexplained ? { ...tally, failed: [{ name: 'npm test (it failed without a failing test)' }] } : tally;
  } catch (error) {
    return { passed: 0, failed: [{ name: `npm test (it wrote no report: ${String(error)})` }], skipped: [] };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const passedChecks: string[] = [];
const failedChecks: string[] = [];
for (const check of CHECKS) ((await runCheck(check, root)) ? passedChecks : failedChecks).push(check.name);
const tests = await runTests();

console.log('');
for (const name of passedChecks) console.log(`passed  ${name}`);
console.log(`passed  ${tests.passed} tests`);
for (const name of tests.skipped) console.log(`skipped ${name}`);
if (tests.skipped.length > 0) console.log(`${tests.skipped.length} tests were skipped, listed above`);
const failed: readonly Failure[] = [...failedChecks.map((name) => ({ name })), ...tests.failed];
// The reasons at the end of the log, each once where several tests failed for the same one.
const printed = new Set<string>();
for (const { name, reason = '' } of failed) {
  console.log(`FAILED  ${name}`);
  if (reason === '') continue;
  const known = printed.has(reason);
  printed.add(reason);
  console.log((known ? 'as above' : reason).replaceAll(/^/gm, '        '));
}
// Not 1, with which Node exits when this script itself fails: .ci/run distinguishes the two.
process.exitCode = failed.length === 0 ? 0 : 3;
console.log(`${passedChecks.length + tests.passed} passed, ${failed.length} failed`);
