import { expect, it } from 'vitest';
import { retryAfterMs } from '../../src/lib/retry-after.ts';

const now = Date.parse('2026-01-01T00:00:00Z');

it.each([
  ['0', 0],
  [' 7 ', 7_000],
  ['Thu, 01 Jan 2026 00:00:30 GMT', 30_000],
  ['Wed, 31 Dec 2025 23:59:00 GMT', 0],
])('%j asks for %i ms', (header, milliseconds) => {
  expect(retryAfterMs(header, now)).toBe(milliseconds);
});

it.each([undefined, '', 'soon', '-1', '1.5', '2026-01-01', 'Thu, nonsense', '9'.repeat(30)])(
  '%j asks for nothing',
  (header) => {
    expect(retryAfterMs(header, now)).toBeUndefined();
  },
);
