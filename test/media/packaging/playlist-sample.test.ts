import { describe, expect, it } from 'vitest';
import { samplePlaylists } from '../../../src/media/packaging/playlist-sample.ts';

const playlist = (count: number): string =>
  [
    '#EXTM3U',
    '#EXT-X-MAP:URI="i.mp4"',
    ...Array.from({ length: count }, (_, n) => `#EXTINF:2,\n${n}.m4s`),
    '#EXT-X-ENDLIST',
    '',
  ].join('\n');

describe('the sample of a playlist', () => {
  it.each([
    [1, ['0']],
    [2, ['0', '1']],
    [9, ['0', '4', '8']],
  ])('of %d segments is those numbered %j, each with the head of the whole', (count, numbers) => {
    expect(samplePlaylists(playlist(count))).toEqual(
      numbers.map((n) => `#EXTM3U\n#EXT-X-MAP:URI="i.mp4"\n#EXTINF:2,\n${n}.m4s\n#EXT-X-ENDLIST\n`),
    );
  });

  it('without segments is the whole', () => expect(samplePlaylists('#EXTM3U\n')).toEqual(['#EXTM3U\n']));
});
