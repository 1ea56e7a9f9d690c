import { describe, expect, it } from 'vitest';
import { captionsFile } from '../../../src/api/edit/captions-file.ts';

describe('a captions file', () => {
  it('is WebVTT with one cue per caption', () => {
    const text = captionsFile([
      { from: 0, to: 2000, text: 'First' },
      { from: 3_723_004, to: 360_000_000, text: 'Last' },
    ]);
    expect(text).toBe('WEBVTT\n\n00:00:00.000 --> 00:00:02.000\nFirst\n\n01:02:03.004 --> 100:00:00.000\nLast\n');
  });

  it('shows text that looks like markup, a cue or the end of one', () => {
    const text = captionsFile([{ from: 0, to: 1, text: '<b>&amp;\r\n\r\n00:00 --> 00:01\n\nx' }]);
    const [, ...blocks] = text.trimEnd().split('\n\n');
    expect(blocks).toEqual([
      '00:00:00.000 --> 00:00:00.001\n&lt;b&gt;&amp;amp;\n\u00a0\n00:00 --&gt; 00:01\n\u00a0\nx',
    ]);
  });
});
