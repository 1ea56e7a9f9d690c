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
        }),
      ),
    }),
  ),
});

/** What a run of the tests came to. `failed` and `skipped` are names: `file > test`. */
export interface TestTally {
  readonly passed: number;
  readonly failed: readonly string[];
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
  const failed: string[] = [];
  const skipped: string[] = [];
  for (const { name, status, assertionResults } of testResults) {
    const file = name.startsWith(`${root}/`) ? name.slice(root.length + 1) : name;
    const failedBefore = failed.length;
    for (const test of assertionResults) {
      if (test.status === 'passed') passed += 1;
      else (test.status === 'failed' ? failed : skipped).push(`${file} > ${test.fullName}`);
    }
    if (status === 'failed' && failed.length === failedBefore) failed.push(`${file} (outside its tests)`);
  }
  if (!success && failed.length === 0) failed.push('the run itself (an error outside every test)');
  if (passed === 0 && failed.length === 0) failed.push('the run itself (no test ran)');
  return { passed, failed, skipped };
}
