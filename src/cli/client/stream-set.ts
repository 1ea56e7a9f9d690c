/** Names of the files of a set: published keys without folders. */
const fileName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$/;

/**
 * The names that a playlist of HLS refers to: segments, other playlists and what its attributes name (RFC 8216).
 *
 * @throws RangeError for a URI that is no bare name, which a playlist of ours never has
 */
export function namesIn(playlist: string): string[] {
  const uris = playlist.split(/\r?\n/).flatMap((line) => {
    if (!line.startsWith('#')) return line.trim() === '' ? [] : [line.trim()];
    return [...line.matchAll(/[:,]URI="([^"]*)"/g)].map((match) => match[1] ?? '');
  });
  for (const uri of uris) {
    if (!fileName.test(uri))
      throw new RangeError(`expected the name of a file in a playlist, got ${JSON.stringify(uri)}`);
  }
  return [...new Set(uris)];
}

export function isPlaylist(name: string): boolean {
  return name.endsWith('.m3u8');
}

export function isDescription(name: string): boolean {
  return isPlaylist(name) || name.endsWith('.mpd');
}

/** The common prefix of all files of a set on the server, from the key of its first playlist: `<uid>-<attempt>-`. */
export function prefixOf(mainKey: string): string {
  return mainKey.replace(/main\.(m3u8|mpd)$/, '');
}
