import { stripVTControlCharacters } from 'node:util';
import { z } from 'zod';

const Report = z.object({
  success: z.boolean(),
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.enum(['passed', 'failed']),
      message: z.string(),
      assertionResults: z.array(
        z.object({
          fullName: z.string(),
          status: z.enum(['passed', 'failed', 'skipped', 'pending', 'todo', 'disabled']),
          failureMessages: z.array(z.string()).nullish(),
        }),
      ),
    }),
  ),
});

export interface Failure {
  /** `file > test` */
  readonly name: string;
  /** What the test said, at most 20 lines; absent where it said nothing. */
  readonly reason?: string;
}

/** What a run of the tests came to. `skipped` are names as those of failures. */
export interface TestTally {
  readonly passed: number;
  readonly failed: readonly Failure[];
  readonly skipped: readonly string[];
}

/**
 * Counts vitest's JSON report. A file that could not be loaded has no tests of its own and counts as one failure; so
 * does a run that failed outside any test (an unhandled error), or that ran no test at all.
 *
 * @param report the parsed JSON
 * @param root absolute path of the checkout: file names are shown relative to it
 * @throws ZodError when this is no such report
 */
export function tallyReport(report: unknown, root: string): TestTally {
  const { success, testResults } = Report.parse(report);
  let passed = 0;
  const failed: Failure[] = [];
  const skipped: string[] = [];
  for (const { name, status, message, assertionResults } of testResults) {
    const file = name.startsWith(`${root}/`) ? name.slice(root.length + 1) : name;
    const failedBefore = failed.length;
    for (const test of assertionResults) {
      const title = `${file} > ${test.fullName}`;
      if (test.status === 'passed') passed += 1;
      else if (test.status === 'failed') failed.push(failure(title, test.failureMessages?.[0]));
      else skipped.push(title);
    }
    if (status === 'failed' && failed.length === failedBefore)
      failed.push(failure(`${file} (outside its tests)`, message));
  }
  if (!success && failed.length === 0) failed.push({ name: 'the run itself (an error outside every test)' });
  if (passed === 0 && failed.length === 0) failed.push({ name: 'the run itself (no test ran)' });
  return { passed, failed, skipped };
}

const reasonLines = 20;
const lineLength = 2000;

function failure(name: string, said: string | undefined): Failure {
  const lines = stripVTControlCharacters(said ?? '')
    .trim()
    .split('\n');
  const reason = lines
    .slice(0, reasonLines)
    .map((line) => line.slice(0, lineLength))
    .join('\n');
  return { name, ...(reason === '' ? {} : { reason }) };
}
