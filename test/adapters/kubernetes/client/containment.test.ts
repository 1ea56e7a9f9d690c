import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contains } from '../../../../src/adapters/kubernetes/client/containment.ts';

describe('an object contains', () => {
  it('itself, and itself with more', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue(), (object, more) => {
        expect(contains(object, object)).toBe(true);
        expect(contains({ ...object, '#more': more }, object)).toBe(true);
      }),
    );
  });

  it.each([
    ['a part of it', { a: { b: 1 } }],
    ['some items of a list, in any order', { list: [{ name: 'y' }, { name: 'x' }] }],
    ['nothing', {}],
    ['what is absent on both sides', { none: null }],
  ])('%s', (_case, intent) => {
    expect(contains({ a: { b: 1, c: 2 }, list: [{ name: 'x', more: 1 }, { name: 'y' }] }, intent)).toBe(true);
  });

  it.each([
    ['another value', { a: { b: 2 } }],
    ['another kind of value', { a: [] }],
    ['a field that it does not have', { b: 1 }],
    ['an item that it does not have', { list: [{ name: 'z' }] }],
    ['the absence of a field that it has', { a: null }],
  ])('not %s', (_case, intent) => {
    expect(contains({ a: { b: 1 }, list: [{ name: 'x' }] }, intent)).toBe(false);
  });
});
