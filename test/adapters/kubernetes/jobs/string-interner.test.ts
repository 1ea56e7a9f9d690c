import fc from 'fast-check';
import { expect, it } from 'vitest';
import { StringInterner } from '../../../../src/adapters/kubernetes/jobs/string-interner.ts';

it('keeps every value equal', () => {
  const strings = new StringInterner();
  fc.assert(
    fc.property(fc.json(), (text) => {
      expect(strings.share(JSON.parse(text))).toEqual(JSON.parse(text));
    }),
  );
});

it('works after more strings than it keeps', () => {
  const strings = new StringInterner();
  const statuses = Array.from({ length: 10_000 }, (_, index) => ({
    message: `Rendered ${index}.`,
    reason: 'Completed',
  }));
  expect(strings.share(structuredClone(statuses))).toEqual(statuses);
});

it('keeps a member named __proto__', () => {
  const text = '{"__proto__":"polluted","a":{"__proto__":{"b":"c"}}}';
  expect(JSON.stringify(new StringInterner().share(JSON.parse(text)))).toBe(text);
});
