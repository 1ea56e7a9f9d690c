import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, digestOfValue } from '../../../src/api/http/canonical-json.ts';

describe('canonical JSON', () => {
  it('does not depend on the order of members', () => {
    expect(canonicalJson({ b: [{ d: 1, c: 2 }], a: undefined })).toBe('{"b":[{"c":2,"d":1}]}');
  });

  it('is JSON of the same value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('keeps the order of lists', () => {
    expect(digestOfValue([1, 2])).not.toBe(digestOfValue([2, 1]));
  });
});
