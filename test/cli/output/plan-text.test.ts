import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { localPaths } from '../../../src/cli/client/outputs.ts';
import { logLine } from '../../../src/cli/output/log-line.ts';
import { planText, shellWord } from '../../../src/cli/output/plan-text.ts';

describe('a plan as text', () => {
  it('shows where each part runs and why, and command lines for a shell', () => {
    const text = planText({
      backend: 'software',
      fallbacks: [{ from: 'qsv-full', cause: 'no-device', message: 'no render node' }],
      steps: [
        {
          name: 'encode',
          argv: ['-i', "it's.mp4", '-vf', 'scale=2:2'],
          placements: [{ what: 'trim', runsOn: 'cpu', why: 'exact' }],
        },
      ],
      estimate: { seconds: 65 },
      notes: ['a note'],
    });
    expect(text).toContain('software, about 1:05, 1 FFmpeg process');
    expect(text).toContain('  not qsv-full: no render node');
    expect(text).toMatch(/trim +cpu +exact/);
    expect(text).toContain(`ffmpeg -i 'it'\\''s.mp4' -vf scale=2:2`);
    expect(text).toContain('note: a note');
  });

  it('accepts any reply of a server', () => {
    fc.assert(fc.property(fc.anything(), (anything) => planText(anything).length > 0));
  });

  it('quotes words so that a shell returns them unchanged', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.string({ unit: 'grapheme' }).filter((word) => !word.includes('\0')),
          { minLength: 1, maxLength: 20 },
        ),
        (words) => {
          const line = `printf '%s\\0' ${words.map(shellWord).join(' ')}`;
          expect(execFileSync('sh', ['-c', line]).toString().split('\0').slice(0, -1)).toEqual(words);
        },
      ),
      { numRuns: 30 },
    );
  });
});

describe('a log line', () => {
  it('is shortened when it is the worker’s, and kept when it is not', () => {
    expect(logLine('{"level":30,"time":1767225600000,"pid":4,"msg":"encoding","fps":30,"step":"a b"}')).toBe(
      '00:00:00.000 info  encoding fps=30 step=a b',
    );
    expect(logLine('{"level":30,"time":"2026-01-01T00:00:00.500Z","msg":"x"}')).toBe('00:00:00.500 info  x');
    for (const other of ['plain', '', '{"a":1}', '[1]', 'null', '{"msg":5}']) expect(logLine(other)).toBe(other);
  });
});

describe('the local paths of outputs', () => {
  const output = (name: string, key: string) => ({ name, key, kind: 'video', bytes: 1, summary: '' });

  it('are the target for the main file, and beside it for others', () => {
    const outputs = [output('poster', 'u-1-poster.jpg'), output('main', 'u-1-main.mp4')];
    expect([...localPaths(outputs, { path: 'dir/out.mp4', kind: 'file' }).values()]).toEqual([
      'dir/out-poster.jpg',
      'dir/out.mp4',
    ]);
    expect([...localPaths(outputs, { path: 'dir/', kind: 'folder' }).values()]).toEqual([
      'dir/poster.jpg',
      'dir/main.mp4',
    ]);
  });

  it('are the target for the first rendition when there is no main file', () => {
    const outputs = [output('1080p', 'u-1-1080p.mp4'), output('720p', 'u-1-720p.mp4')];
    expect([...localPaths(outputs, { path: 'out.mp4', kind: 'file' }).values()]).toEqual(['out.mp4', 'out-720p.mp4']);
  });
});
