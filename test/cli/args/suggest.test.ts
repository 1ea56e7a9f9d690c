import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { didYouMean, editDistance, nearest } from '../../../src/cli/args/suggest.ts';

const word = fc.string({ minLength: 0, maxLength: 12, unit: fc.constantFrom('a', 'b', 'c', '-') });

describe('the nearest word', () => {
  it.each([
    ['lits', 'list'],
    ['submti', 'submit'],
    ['wacth', 'watch'],
    ['--strat', '--start'],
    ['LIST', 'list'],
  ])('of %s is %s', (typed, meant) => {
    expect(nearest(typed, ['submit', 'list', 'watch', '--start', '--end'])).toBe(meant);
  });

  it('is none when nothing is near', () => {
    expect(nearest('frobnicate', ['submit', 'list'])).toBeUndefined();
    expect(nearest('x', ['a', 'b'])).toBeUndefined();
    expect(nearest('anything', [])).toBeUndefined();
    expect(didYouMean('frobnicate', ['list'])).toBe('');
  });
});

describe('the edit distance', () => {
  it('is a distance: zero for the same word only, symmetric, at most the longer length', () => {
    fc.assert(
      fc.property(word, word, (a, b) => {
        const distance = editDistance(a, b);
        expect(distance === 0).toBe(a === b);
        expect(editDistance(b, a)).toBe(distance);
        expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
        expect(distance).toBeGreaterThanOrEqual(Math.abs(a.length - b.length));
      }),
    );
  });

  it('counts a swap of neighbours as one', () => {
    expect(editDistance('trim', 'rtim')).toBe(1);
    expect(editDistance('abc', 'axc')).toBe(1);
    expect(editDistance('', 'abc')).toBe(3);
  });
});
