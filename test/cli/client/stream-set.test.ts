import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { namesIn, prefixOf } from '../../../src/cli/client/stream-set.ts';

describe('the files that a playlist leads to', () => {
  it('are its segments and what its attributes name, each once', () => {
    const playlist = [
      '#EXTM3U',
      '#EXT-X-MAP:URI="u-1-a_init.mp4"',
      '#EXT-X-MEDIA:TYPE=AUDIO,NAME="URI=no",URI="u-1-audio.m3u8"',
      '#EXTINF:2.0,',
      'u-1-a_1.m4s',
      '#EXTINF:2.0,',
      'u-1-a_1.m4s\r',
      '',
    ].join('\n');
    expect(namesIn(playlist)).toEqual(['u-1-a_init.mp4', 'u-1-audio.m3u8', 'u-1-a_1.m4s']);
  });

  it.each([
    '../a.m4s',
    '/etc/passwd',
    'http://other.example/a.m4s',
    '.hidden',
    'a/b.m4s',
    '#EXT-X-MAP:URI="../x"',
    'a b',
  ])('are never %j, which a server of ours does not name', (line) =>
    expect(() => namesIn(`#EXTM3U\n${line}\n`)).toThrow(/expected the name of a file/),
  );

  it('have names of one folder, whatever a server sends', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string(), fc.webUrl(), fc.constantFrom('..', '#EXT-X-MAP:URI="a/.."'))),
        (lines) => {
          let names: string[] = [];
          try {
            names = namesIn(lines.join('\n'));
          } catch (error) {
            expect(error).toBeInstanceOf(RangeError);
          }
          for (const name of names) expect(name).toMatch(/^[A-Za-z0-9][A-Za-z0-9._-]*$/);
        },
      ),
    );
  });

  it('begin with what the key of the first one begins with', () => {
    expect(prefixOf('0b2c-1-main.m3u8')).toBe('0b2c-1-');
    expect(prefixOf('0b2c-1-main.mpd')).toBe('0b2c-1-');
  });
});
