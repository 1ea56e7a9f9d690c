import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readFilter } from '../../../src/media/filters/filter-text.ts';
import { filter } from '../../../src/media/filters/graph.ts';

const name = fc.stringMatching(/^[a-z][a-z0-9_]{0,9}$/);
// Special characters of both layers of escaping come often.
const value = fc.string({
  unit: fc.constantFrom('\\', "'", ':', ',', ';', '[', ']', '=', ' ', '\n', 'a', '%', 'ä', '7'),
});

describe('a filter that was written', () => {
  it('is read back with the options it was given, whatever characters they have', () => {
    fc.assert(
      fc.property(name, fc.dictionary(name, value, { noNullPrototype: true }), (filterName, options) => {
        expect(readFilter(filter(filterName, options))).toEqual({ name: filterName, options });
      }),
    );
  });

  it('has the numbers that FFmpeg gets', () => {
    expect(readFilter(filter('crop', { w: 320, x: 1 / 3, y: undefined }))).toEqual({
      name: 'crop',
      options: { w: '320', x: '0.333333' },
    });
    expect(readFilter(filter('hwupload'))).toEqual({ name: 'hwupload', options: {} });
  });
});
