import { describe, expect, it } from 'vitest';
import { CodedError, toCodedError } from '../../src/errors/coded-error.ts';
import { codeOfExit, codeOfStatus, errorTable, isErrorCode } from '../../src/errors/error-table.ts';

const entries = Object.entries(errorTable);

describe('the error table', () => {
  it('gives each exit code to one error only', () => {
    const exits = entries.map(([, { exit }]) => exit).filter((exit) => exit !== undefined);
    expect(new Set(exits).size).toBe(exits.length);
  });

  it.each(entries.filter(([, { exit }]) => exit !== undefined))(
    '%s has an exit code of its class',
    (_code, { exit = 0, retry, infrastructure }) => {
      if (exit >= 10 && exit <= 19) expect(retry).toBe('yes');
      else if (exit >= 20 && exit <= 29) expect(retry).toBe('elsewhere');
      else if (exit >= 40 && exit <= 49) expect(retry).not.toBe('yes');
      else expect(infrastructure).toBe(true);
    },
  );

  it.each(entries)('%s has a summary and a remedy in sentences', (_code, { summary, remedy, status }) => {
    expect(summary).toMatch(/^[A-Z].*[.)]$/);
    expect(remedy).toMatch(/^[A-Z`].*\.$/);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(600);
  });

  it('has one general code per HTTP status at most', () => {
    const statuses = entries.filter(([, { general }]) => general).map(([, { status }]) => status);
    expect(new Set(statuses).size).toBe(statuses.length);
  });

  it('finds the general code of an HTTP status', () => {
    expect(codeOfStatus(409)).toBe('CONFLICT');
    expect(codeOfStatus(503)).toBe('SERVICE_UNAVAILABLE');
    expect(codeOfStatus(418)).toBe('INVALID_REQUEST');
  });

  it('announces Retry-After only for errors that another request may not meet', () => {
    const codes = entries.filter(([, { retryAfter }]) => retryAfter).map(([code]) => code);
    expect(codes.toSorted()).toEqual([
      'QUEUE_DEPTH_EXCEEDED',
      'SERVICE_UNAVAILABLE',
      'STORAGE_FULL',
      'STORAGE_UNAVAILABLE',
      'TOO_MANY_REQUESTS',
    ]);
    for (const code of codes) expect(isErrorCode(code) && errorTable[code].retry).toBe('yes');
  });

  it('finds the code of an exit status, also of a killed process', () => {
    expect(codeOfExit(41)).toBe('INPUT_INVALID');
    expect(codeOfExit(137)).toBe('NODE_LOST');
    expect(codeOfExit(143)).toBe('INTERRUPTED');
    expect(codeOfExit(1)).toBeUndefined();
    expect(codeOfExit(0)).toBeUndefined();
  });

  it('does not take names of object members for codes', () => {
    expect(isErrorCode('toString')).toBe(false);
    expect(isErrorCode('__proto__')).toBe(false);
  });
});

describe('toCodedError', () => {
  it('keeps a coded error as it is', () => {
    const error = new CodedError('NOT_FOUND', 'no such job');
    expect(toCodedError(error)).toBe(error);
  });

  it('treats anything else as a defect and keeps its cause', () => {
    const cause = new RangeError('out of range');
    expect(toCodedError(cause)).toMatchObject({ code: 'INTERNAL_ERROR', message: 'out of range', cause });
    expect(toCodedError('text')).toMatchObject({ code: 'INTERNAL_ERROR', message: 'text' });
  });
});
