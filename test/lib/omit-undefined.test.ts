import { expect, it } from 'vitest';
import { omitUndefined } from '../../src/lib/omit-undefined.ts';

it('leaves out members that are undefined and keeps null, false and 0', () => {
  const text: string | undefined = undefined;
  const kept: { readonly a: number; readonly b?: string; readonly c: null; readonly d: boolean } = omitUndefined({
    a: 0,
    b: text,
    c: null,
    d: false,
  });
  expect(Object.entries(kept)).toEqual([
    ['a', 0],
    ['c', null],
    ['d', false],
  ]);
});
