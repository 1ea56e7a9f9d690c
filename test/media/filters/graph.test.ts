import { expect, test } from 'vitest';
import {
  chain,
  type FilterPad,
  filter,
  generate,
  type InputFile,
  join,
  type Pad,
  writeGraph,
} from '../../../src/media/filters/graph.ts';

const file: InputFile = { path: '/a', options: [], instance: 0 };
const video: Pad = { from: 'stream', medium: 'video', input: file, stream: 0 };

function written(...sinks: readonly Pad[]): { readonly text: string; readonly labels: readonly string[] } {
  return writeGraph(
    sinks.filter((pad): pad is FilterPad => pad.from === 'filter'),
    () => 0,
  );
}

test('filters in a row are one chain', () => {
  expect(written(chain(chain(video, 'a', 'b'), 'c'))).toEqual({ text: '[0:0]a,b,c[p0]', labels: ['[p0]'] });
});

test('a pad that is read twice is split, a stream as well', () => {
  const base = chain(video, 'a');
  expect(written(join('video', [base, chain(base, 'b')], 'overlay')).text).toBe(
    '[0:0]a,split=2[p0][p1];[p1]b[p2];[p0][p2]overlay[p3]',
  );
  expect(written(chain(video, 'a'), chain(video, 'b')).text).toBe('[0:0]split=2[p0][p1];[p0]a[p2];[p1]b[p3]');
});

test('what no output asks for is not written', () => {
  const base = chain(video, 'a');
  chain(base, 'unused');
  expect(written(base).text).toBe('[0:0]a[p0]');
});

test('sources need no input, and every option is escaped', () => {
  expect(
    written(
      chain(
        generate('video', filter('color', { size: '2x2' })),
        filter('x', { path: "a'b:c", gone: undefined, n: 1.5 }),
      ),
    ).text,
  ).toBe(String.raw`color=size=2x2,x=path=a\\\'b\\:c:n=1.5[p0]`);
});
