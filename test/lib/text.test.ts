import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutToBytes, cutToJsonBytes, cutToLength, jsonBytes } from '../../src/lib/text.ts';

const anyText = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', '"', '\u0001', 'é', '🎬', '\ud83c', '\ufeff'), maxLength: 300 }),
  fc.string({ unit: 'grapheme', maxLength: 60 }),
);

describe('cutToBytes', () => {
  it('returns whole characters of at most that many bytes, and marks a cut with an ellipsis', () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 3, max: 400 }), (text, bytes) => {
        const cut = cutToBytes(text, bytes);
        expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(bytes);
        expect(cut.isWellFormed()).toBe(true);
        if (Buffer.byteLength(text) <= bytes) expect(cut).toBe(text.toWellFormed());
        else {
          expect(cut.endsWith('…')).toBe(true);
          expect(text.toWellFormed().startsWith(cut.slice(0, -1))).toBe(true);
        }
      }),
    );
  });

  it.each([
    ['', 0, ''],
    ['a', 0, ''],
    ['abcd', 2, ''],
    ['ab', 2, 'ab'],
    ['abcd', 3, '…'],
    ['abcd', 4, 'abcd'],
    ['abcde', 4, 'a…'],
    ['éé€', 6, 'é…'],
    ['🎬🎬', 7, '🎬…'],
    ['🎬🎬', 6, '…'],
    ['a\ud83c', 9, 'a\ufffd'],
  ])('cuts %j to %i bytes as %j', (text, bytes, cut) => {
    expect(cutToBytes(text, bytes)).toBe(cut);
  });
});

describe('cutToLength', () => {
  it.each([
    ['abc', 3, 'abc'],
    ['abcd', 3, 'ab…'],
    ['a🎬bc', 3, 'a…'],
    ['a🎬bc', 4, 'a🎬…'],
    ['abc', 1, '…'],
  ])('cuts %j to %i code units as %j', (text, length, cut) => {
    expect(cutToLength(text, length)).toBe(cut);
  });
});

describe('cutToJsonBytes', () => {
  it('counts the bytes of the JSON', () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 2, max: 400 }), (text, bytes) => {
        expect(jsonBytes(cutToJsonBytes(text, bytes))).toBeLessThanOrEqual(bytes);
      }),
    );
    expect(cutToJsonBytes('short', 100)).toBe('short');
  });
});
