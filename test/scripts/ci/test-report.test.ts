import { describe, expect, it } from 'vitest';
import { ZodError } from 'zod';
import { tallyReport } from '../../../scripts/ci/test-report.ts';

interface Row {
  readonly status?: string;
  readonly tests?: readonly (readonly [name: string, status: string])[];
}

function report(files: Readonly<Record<string, Row>>, success = true) {
  return {
    success,
    testResults: Object.entries(files).map(([file, { status = 'passed', tests = [] }]) => ({
      name: `/checkout/${file}`,
      status,
      message: '',
      assertionResults: tests.map(([fullName, state]) => ({ fullName, status: state })),
    })),
  };
}

describe('tallyReport', () => {
  it('counts passed tests, and names failed and skipped ones by file', () => {
    const files = {
      'test/a.test.ts': { tests: [['adds', 'passed'] as const, ['divides', 'skipped'] as const] },
      'test/b.test.ts': { status: 'failed', tests: [['reads', 'failed'] as const, ['writes', 'todo'] as const] },
    };
    expect(tallyReport(report(files, false), '/checkout')).toEqual({
      passed: 1,
      failed: ['test/b.test.ts > reads'],
      skipped: ['test/a.test.ts > divides', 'test/b.test.ts > writes'],
    });
  });

  it('counts a file that could not be loaded as a failure', () => {
    const files = {
      'test/a.test.ts': { tests: [['adds', 'passed'] as const] },
      'test/b.test.ts': { status: 'failed' },
    };
    expect(tallyReport(report(files, false), '/checkout').failed).toEqual(['test/b.test.ts (outside its tests)']);
  });

  it('counts an error outside every test as a failure', () => {
    const files = { 'test/a.test.ts': { tests: [['adds', 'passed'] as const] } };
    expect(tallyReport(report(files, false), '/checkout').failed).toHaveLength(1);
  });

  it('counts a run without a test as a failure', () => {
    expect(tallyReport(report({}), '/checkout').failed).toHaveLength(1);
    const skippedOnly = { 'test/a.test.ts': { tests: [['adds', 'skipped'] as const] } };
    expect(tallyReport(report(skippedOnly), '/checkout').failed).toHaveLength(1);
  });

  it.each([[{}], [null], ['{}'], [{ success: true, testResults: [{ name: 'a' }] }]])('refuses %j', (value) => {
    expect(() => tallyReport(value, '/checkout')).toThrow(ZodError);
  });
});
