import fc from 'fast-check';
import { expect, test } from 'vitest';
import { concatEntry, escapeFilterValue, fileUrl } from '../../../src/media/filters/escape.ts';

/** FFmpeg's av_get_token: takes up to a terminator, and one layer of quoting away. */
function token(text: string, terminators: string): { readonly value: string; readonly rest: string } {
  let at = 0;
  let value = '';
  let end = 0;
  while (/\s/.test(text[at] ?? '')) at += 1;
  while (at < text.length && !terminators.includes(text[at] ?? '')) {
    const character = text[at];
    at += 1;
    if (character === '\\' && at < text.length) {
      value += text[at];
      at += 1;
      end = value.length;
    } else if (character === "'") {
      while (at < text.length && text[at] !== "'") {
        value += text[at];
        at += 1;
      }
      at += 1;
      end = value.length;
    } else {
      value += character;
      if (!/\s/.test(character ?? '')) end = value.length;
    }
  }
  return { value: value.slice(0, end), rest: text.slice(at) };
}

const hostile = fc.string({ unit: fc.constantFrom(...Array.from(`\\':,;[]=% \n\t"{}()|@aé`)), maxLength: 30 });

test('a value that went through both of FFmpeg’s parsers is what it was', () => {
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

test('a path in a concat list is read as it was, whatever quotes it holds', () => {
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
