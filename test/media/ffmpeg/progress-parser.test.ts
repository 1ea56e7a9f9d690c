import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createProgressParser, type ProgressSample } from '../../../src/media/ffmpeg/progress-parser.ts';

function parse(...chunks: string[]): ProgressSample[] {
  const parser = createProgressParser();
  return chunks.flatMap((chunk) => parser.push(chunk));
}

const block = `frame=125
fps=62.50
stream_0_0_q=28.0
bitrate= 313.9kbits/s
total_size=196221
out_time_us=4960000
out_time_ms=4960000
out_time=00:00:04.960000
dup_frames=0
drop_frames=0
speed=2.48x
progress=continue
`;

describe('the progress of FFmpeg', () => {
  it('is read block by block, with out_time_ms as the microseconds that it is', () => {
    const sample = { outTimeSeconds: 4.96, frame: 125, fps: 62.5, speed: 2.48, sizeBytes: 196_221 };
    expect(parse(block, block.replace('continue', 'end'))).toEqual([
      { ...sample, end: false },
      { ...sample, end: true },
    ]);
  });

  it.each([
    ['only out_time_ms', 'out_time_ms=1500000'],
    ['only the clock', 'out_time=00:00:01.500000'],
    ['out_time_us before the others', 'out_time=00:00:09.0\nout_time_ms=9000000\nout_time_us=1500000'],
    ['Windows line ends', 'out_time_us=1500000\r'],
    ['spaces before the value', 'out_time_us= 1500000'],
  ])('understands %s', (_what, lines) => {
    expect(parse(`${lines}\nprogress=continue\n`)).toEqual([{ outTimeSeconds: 1.5, end: false }]);
  });

  it('leaves out values that FFmpeg does not have yet', () => {
    const lines =
      'frame=0\nfps=0.00\ntotal_size=N/A\nout_time_us=N/A\nout_time_ms=N/A\nout_time=N/A\nspeed=N/A\nprogress=continue\n';
    expect(parse(lines)).toEqual([{ frame: 0, fps: 0, end: false }]);
  });

  it('reads speeds in scientific notation', () => {
    expect(parse('speed=2.32e+03x\nprogress=end\n')).toEqual([{ speed: 2320, end: true }]);
  });

  it('counts times before zero as no progress', () => {
    const lines = 'out_time_us=-23220\nout_time=-00:00:00.023220\nprogress=continue\n';
    expect(parse(lines)).toEqual([{ end: false }]);
  });

  it('needs no frame line, which audio does not have', () => {
    expect(parse('out_time_us=1000000\nprogress=continue\n')).toEqual([{ outTimeSeconds: 1, end: false }]);
  });

  it('starts each block without values of the previous one', () => {
    expect(parse('frame=7\nprogress=continue\nprogress=end\n')).toEqual([{ frame: 7, end: false }, { end: true }]);
  });

  it('drops lines that are not from FFmpeg, however long', () => {
    const flood = 'x'.repeat(2_000_000);
    expect(parse(`${flood}\nnonsense\n=5\nframe=${'9'.repeat(5000)}\nframe=1e999\nprogress=end\n`)).toEqual([
      { end: true },
    ]);
  });

  it('gives the same samples however its text is split', () => {
    const text = block + block.replace('speed=2.48x', 'speed=N/A') + block.replace('continue', 'end');
    const whole = parse(text);
    fc.assert(
      fc.property(fc.array(fc.nat(text.length), { maxLength: 40 }), (cuts) => {
        const at = [0, ...cuts.toSorted((a, b) => a - b), text.length];
        const chunks = at.slice(1).map((end, index) => text.slice(at[index], end));
        expect(parse(...chunks)).toEqual(whole);
      }),
    );
  });

  it('survives any text and gives finite numbers of zero or more', () => {
    const line = fc.oneof(
      fc.string(),
      fc
        .tuple(
          fc.constantFrom('frame', 'fps', 'speed', 'out_time_us', 'out_time', 'total_size', 'progress'),
          fc.string(),
        )
        .map((pair) => pair.join('=')),
      fc.constant('progress=continue'),
    );
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        for (const { end: _end, ...figures } of parse(`${lines.join('\n')}\n`)) {
          for (const figure of Object.values(figures)) {
            expect(Number.isFinite(figure)).toBe(true);
            expect(figure).toBeGreaterThanOrEqual(0);
          }
        }
      }),
    );
  });
});
