import fc from 'fast-check';
import { expect, test } from 'vitest';
import { concatEntry, escapeFilterValue, fileUrl } from '../../../src/media/filters/escape.ts';
import { token } from '../../support/filter-text.ts';

const hostile = fc.string({ unit: fc.constantFrom(...Array.from(`\\':,;[]=% \n\t"{}()|@aé`)), maxLength: 30 });

test('a value is unchanged by both of FFmpeg’s parsers', () => {
  fc.assert(
    fc.property(fc.oneof(hostile, fc.string({ unit: 'binary' })), (value) => {
      const graph = token(`${escapeFilterValue(value)},next`, '[],;');
      expect(graph.rest).toBe(',next');
      const option = token(`${graph.value}:next`, ':');
      expect(option).toEqual({ value, rest: ':next' });
    }),
    { numRuns: 500 },
  );
});

test('a path in a concat list is unchanged, whatever quotes it contains', () => {
  fc.assert(
    fc.property(
      hostile.filter((path) => !path.includes('\n')),
      (path) => {
        const { value } = token(concatEntry(path).slice('file '.length), ' \n\t\r');
        expect(value).toBe(fileUrl(path));
      },
    ),
  );
});
