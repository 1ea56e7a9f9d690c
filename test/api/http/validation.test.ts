import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { parse } from '../../../src/api/http/validation.ts';
import { CodedError } from '../../../src/errors/coded-error.ts';
import { anyText } from '../../support/matchers.ts';

const schema = z.strictObject({
  name: z.string(),
  list: z.array(z.strictObject({ size: z.int() })).optional(),
  either: z.union([z.strictObject({ a: z.strictObject({ b: z.string() }) }), z.literal('none')]).optional(),
});

function failure(value: unknown): CodedError {
  try {
    parse(schema, value, 'body');
  } catch (error) {
    if (error instanceof CodedError) return error;
  }
  throw new Error('Expected a CodedError to be thrown');
}

describe('a value that fails its schema', () => {
  it.each([
    [{}, [{ path: 'name', message: 'is required (expected string)' }]],
    [{ name: 1 }, [{ path: 'name', message: 'expected string, received number' }]],
    [
      { name: 'x', naem: 1, other: 2 },
      [
        { path: 'naem', message: 'unknown field' },
        { path: 'other', message: 'unknown field' },
      ],
    ],
    [
      { name: 'x', list: [{ size: 1 }, { size: 0.5, s: 1 }] },
      [
        { path: 'list[1].size', message: anyText },
        { path: 'list[1].s', message: 'unknown field' },
      ],
    ],
    [{ name: 'x', either: { a: { b: 1 } } }, [{ path: 'either.a.b', message: 'expected string, received number' }]],
    [null, [{ path: 'body', message: 'expected object, received null' }]],
  ])('%j is rejected by path', (value, details) => {
    const error = failure(value);
    expect(error.code).toBe('INVALID_REQUEST');
    expect(error.details).toEqual(details);
    for (const { path } of error.details) expect(error.message).toContain(path);
  });

  it('is rejected with at most 100 details, however many fields fail', () => {
    const error = failure({ name: 'x', list: Array.from({ length: 5000 }, () => ({ size: 'x' })) });
    expect(error.details).toHaveLength(100);
    expect(error.message).toMatch(/and 4900 more$/);
  });
});
