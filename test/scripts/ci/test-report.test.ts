import { describe, expect, it } from 'vitest';
import { ZodError } from 'zod';
import { tallyReport } from '../../../scripts/ci/test-report.ts';

interface Row {
  readonly status?: string;
  readonly message?: string;
  readonly tests?: readonly (readonly [name: string, status: string, said?: string])[];
}

function report(files: Readonly<Record<string, Row>>, success = true) {
  return {
    success,
    testResults: Object.entries(files).map(([file, { status = 'passed', message = '', tests = [] }]) => ({
      name: `/checkout/${file}`,
      status,
      message,
      assertionResults: tests.map(([fullName, state, said]) => ({
        fullName,
        status: state,
        failureMessages: said === undefined ? [] : [said],
      })),
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
      failed: [{ name: 'test/b.test.ts > reads' }],
      skipped: ['test/a.test.ts > divides', 'test/b.test.ts > writes'],
    });
  });

  it('counts a file that could not be loaded as a failure', () => {
    const files = {
      'test/a.test.ts': { tests: [['adds', 'passed'] as const] },
      'test/b.test.ts': { status: 'failed', message: 'SyntaxError: Unexpected token' },
    };
    expect(tallyReport(report(files, false), '/checkout').failed).toEqual([
      { name: 'test/b.test.ts (outside its tests)', reason: 'SyntaxError: Unexpected token' },
    ]);
  });

  it('says what a failed test said, without colours and not for ever', () => {
    const said = `\u001b[31mError: expected 1\u001b[39m, got ${'2'.repeat(5000)}\n${'    at frame\n'.repeat(50)}`;
    const files = { 'test/a.test.ts': { status: 'failed', tests: [['adds', 'failed', said] as const] } };
    const reason = tallyReport(report(files, false), '/checkout').failed[0]?.reason ?? '';
    expect(reason).toMatch(/^Error: expected 1, got 2{1000}/);
    expect(reason.split('\n')).toHaveLength(20);
    expect(reason.length).toBeLessThan(3000);
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

  it.each([[{}], [null], ['{}'], [{ success: true, testResults: [{ name: 'a' }] }]])('rejects %j', (value) => {
    expect(() => tallyReport(value, '/checkout')).toThrow(ZodError);
  });
});
