/**
 * Playlists of one segment each: the first, the middle and the last segment of a media playlist, which are decoded as a
 * sample of it. FFmpeg does not seek correctly in playlists of fragmented MP4 (5.1 to 7.1), and a player needs segments
 * that decode by themselves.
 */
export function samplePlaylists(playlist: string): string[] {
  const lines = playlist.split('\n').filter((line) => line !== '');
  const first = lines.findIndex((line) => line.startsWith('#EXTINF:'));
  if (first === -1) return [playlist];
  const head = lines.slice(0, first);
  const segments = lines
    .slice(first)
    .flatMap((line, index, all) => (line.startsWith('#EXTINF:') ? [[line, all[index + 1] ?? '']] : []));
  const chosen = new Set([0, Math.floor(segments.length / 2), segments.length - 1]);
  return segments
    .filter((_, index) => chosen.has(index))
    .map((segment) => `${[...head, ...segment, '#EXT-X-ENDLIST'].join('\n')}\n`);
}
