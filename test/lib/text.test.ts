import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutToBytes, cutToJsonBytes, jsonBytes } from '../../src/lib/text.ts';

const anyText = fc.string({ unit: fc.constantFrom('a', '"', '\u0001', 'é', '🎬', '\ud83c'), maxLength: 300 });

describe('cutting a text', () => {
  it('leaves whole characters, and no more bytes than there may be', () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 3, max: 400 }), (text, bytes) => {
        const cut = cutToBytes(text, bytes);
        expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(Math.max(bytes, 3));
        expect(cut.isWellFormed()).toBe(true);
        if (Buffer.byteLength(text) <= bytes) expect(cut).toBe(text.toWellFormed());
        else expect(cut.endsWith('…')).toBe(true);
      }),
    );
  });

  it('can count what JSON makes of it', () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 8, max: 400 }), (text, bytes) => {
        expect(jsonBytes(cutToJsonBytes(text, bytes))).toBeLessThanOrEqual(bytes);
      }),
    );
    expect(cutToJsonBytes('short', 100)).toBe('short');
  });
});
