import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasTextTimes, rewriteTextTimes } from '../../../src/media/outputs/text-times.ts';

const twice = (from: number, to: number): readonly [number, number] => [from * 2, to * 2];

describe('the times of a subtitle file', () => {
  it('are changed in SubRip, and nothing else', () => {
    const text =
      '\uFEFF1\r\n00:00:01,500 --> 00:00:02,250 X1:40\r\n<i>one</i> --> two\r\n\r\n2\r\n01:00:00,000 --> 01:00:01,000\r\nLast\r\n';
    expect(rewriteTextTimes(text, 'srt', twice)).toBe(
      '1\n00:00:03,000 --> 00:00:04,500 X1:40\n<i>one</i> --> two\n\n2\n02:00:00,000 --> 02:00:02,000\nLast\n',
    );
  });

  it('are changed in WebVTT, with its styles, notes and settings kept', () => {
    const text = 'WEBVTT\n\nSTYLE\n::cue { color: red }\n\nname\n00:01.000 --> 00:02.000 line:0 align:start\nHi\n';
    expect(rewriteTextTimes(text, 'webvtt', twice)).toBe(
      'WEBVTT\n\nSTYLE\n::cue { color: red }\n\nname\n00:00:02.000 --> 00:00:04.000 line:0 align:start\nHi\n',
    );
  });

  it('are changed in ASS, whatever the text holds', () => {
    const text =
      '[Events]\nFormat: Layer, Start, End, Style, Text\nDialogue: 0,0:00:01.50,0:00:02.00,Default,{\\t(0:00:01.50)}a,b\n';
    expect(rewriteTextTimes(text, 'ass', twice)).toBe(text.replace('0:00:01.50,0:00:02.00', '0:00:03.00,0:00:04.00'));
  });

  it('that lie outside of the timeline go with their texts', () => {
    const late = (from: number, to: number): readonly [number, number] | undefined =>
      from < 2 ? undefined : [from - 2, to - 2];
    const text = '1\n00:00:01,000 --> 00:00:02,000\nGone\n\n2\n00:00:03,000 --> 00:00:04,000\nStays\n';
    expect(rewriteTextTimes(text, 'srt', late)).toBe('2\n00:00:01,000 --> 00:00:02,000\nStays\n');
  });

  it('are known of three formats', () => {
    expect(['srt', 'webvtt', 'ass', 'ssa', 'matroska,webm', 'constructor'].filter(hasTextTimes)).toEqual([
      'srt',
      'webvtt',
      'ass',
      'ssa',
    ]);
  });

  it('stay the same where nothing moves them, for any text between them', () => {
    const words = fc
      .string()
      .map((text) => text.replaceAll(/[\r\n\u2028]|-->/g, '').trim())
      .filter((text) => text !== '');
    fc.assert(
      fc.property(fc.array(words, { minLength: 1, maxLength: 5 }), (texts) => {
        const content = texts
          .map((text, at) => `${at + 1}\n00:00:0${at},000 --> 00:00:0${at},500\n${text}`)
          .join('\n\n');
        expect(rewriteTextTimes(content, 'srt', (from, to) => [from, to]).trimEnd()).toBe(content.trimEnd());
      }),
    );
  });
});
