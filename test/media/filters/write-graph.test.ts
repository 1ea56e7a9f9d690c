import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import {
  chain,
  type FilterPad,
  filter,
  generate,
  type InputFile,
  join,
  type Pad,
} from '../../../src/media/filters/graph.ts';
import { filterText, type WrittenGraph, writeGraph } from '../../../src/media/filters/write-graph.ts';
import { readFilter } from '../../support/filter-text.ts';

const file: InputFile = { path: '/a', options: [], instance: 0 };
const video: Pad = { from: 'stream', medium: 'video', input: file, stream: 0 };

function written(...sinks: readonly Pad[]): WrittenGraph {
  return writeGraph(
    sinks.filter((pad): pad is FilterPad => pad.from === 'filter'),
    () => 0,
  );
}

const named = (...names: readonly string[]): ReturnType<typeof filter>[] => names.map((name) => filter(name));

test('filters in a row are one chain', () => {
  expect(written(chain(chain(video, ...named('a', 'b')), filter('c')))).toEqual({
    text: '[0:0]a,b,c[p0]',
    labels: ['[p0]'],
  });
});

test('a pad that is read twice is split, a stream as well', () => {
  const base = chain(video, filter('a'));
  expect(written(join('video', [base, chain(base, filter('b'))], filter('overlay'))).text).toBe(
    '[0:0]a,split=2[p0][p1];[p1]b[p2];[p0][p2]overlay[p3]',
  );
  expect(written(chain(video, filter('a')), chain(video, filter('b'))).text).toBe(
    '[0:0]split=2[p0][p1];[p0]a[p2];[p1]b[p3]',
  );
});

test('an audio pad that is read twice is split by asplit', () => {
  const audio: Pad = { from: 'stream', medium: 'audio', input: file, stream: 1 };
  const base = chain(audio, filter('a'));
  expect(written(join('audio', [base, base], filter('amix')), base)).toEqual({
    text: '[0:1]a,asplit=3[p0][p1][p2];[p0][p1]amix[p3]',
    labels: ['[p3]', '[p2]'],
  });
});

test('what no output needs is not written', () => {
  const base = chain(video, filter('a'));
  chain(base, filter('unused'));
  expect(written(base).text).toBe('[0:0]a[p0]');
});

test('sources need no input, and every option is escaped', () => {
  expect(
    written(
      chain(
        generate('video', filter('color', { size: '2x2' })),
        filter('x', { path: "a'b:c", absent: undefined, n: 1.5 }),
      ),
    ).text,
  ).toBe(String.raw`color=size=2x2,x=path=a\\\'b\\:c:n=1.5[p0]`);
});

describe('a filter that was written', () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9_]{0,9}$/);
  // Special characters of both layers of escaping come often.
  const value = fc.string({
    unit: fc.constantFrom('\\', "'", ':', ',', ';', '[', ']', '=', ' ', '\n', 'a', '%', 'ä', '7'),
  });

  it('is read by the parsers of FFmpeg with the options it has, whatever characters they contain', () => {
    fc.assert(
      fc.property(name, fc.dictionary(name, value, { noNullPrototype: true }), (filterName, options) => {
        expect(readFilter(filterText(filter(filterName, options)))).toEqual({ name: filterName, options });
      }),
    );
  });
});
