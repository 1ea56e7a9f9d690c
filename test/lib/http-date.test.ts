import { expect, it } from 'vitest';
import { httpDate } from '../../src/lib/http-date.ts';

it('writes an instant in the form of RFC 9110', () => {
  expect(httpDate('2026-07-01T00:00:00Z')).toBe('Wed, 01 Jul 2026 00:00:00 GMT');
  expect(httpDate(0)).toBe('Thu, 01 Jan 1970 00:00:00 GMT');
  expect(() => httpDate('soon')).toThrow(RangeError);
});
