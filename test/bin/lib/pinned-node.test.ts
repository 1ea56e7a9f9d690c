import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isAtLeast } from '../../../bin/lib/pinned-node.mjs';

describe('isAtLeast', () => {
  it.each([
    ['24.0.0', '22.19.0', true],
    ['22.19.0', '22.19.0', true],
    ['22.20.0', '22.19.1', true],
    ['22.18.9', '22.19.0', false],
    ['20.20.2', '22.19.0', false],
    ['9.0.0', '18.0.0', false],
  ])('takes %s for at least %s: %s', (version, oldest, expected) => {
    expect(isAtLeast(version, oldest)).toBe(expected);
  });

  it('orders any two versions, and takes each for at least itself', () => {
    const version = fc.tuple(fc.nat(99), fc.nat(99), fc.nat(99)).map((parts) => parts.join('.'));
    fc.assert(
      fc.property(version, version, (a, b) => {
        expect(isAtLeast(a, a)).toBe(true);
        expect(isAtLeast(a, b) || isAtLeast(b, a)).toBe(true);
        if (a !== b) expect(isAtLeast(a, b)).not.toBe(isAtLeast(b, a));
      }),
    );
  });
});
