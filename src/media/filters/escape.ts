/**
 * One option value of a filter, safe in `-filter_complex`.
 *
 * FFmpeg reads a value twice: the graph parser takes `[ ] , ;` and the option parser `:` as separators, and each of them
 * takes away one layer of `\` and `'` and trims blanks. So every special character is escaped once for each layer.
 * Source: "Notes on filtergraph escaping", https://ffmpeg.org/ffmpeg-filters.html#Notes-on-filtergraph-escaping
 */
export function escapeFilterValue(value: string): string {
  return escapeLayer(escapeLayer(value, /[\\':\s]/g), /[\\'[\],;\s]/g);
}

function escapeLayer(value: string, special: RegExp): string {
  return value.replace(special, (character) => `\\${character}`);
}

/** One entry of a concat list: in single quotes, where only the quote itself is special. */
export function concatEntry(path: string): string {
  return `file '${fileUrl(path).replaceAll("'", String.raw`'\''`)}'`;
}

/** A local name that FFmpeg cannot take for another protocol, for example `a:b.mp4`. */
export function fileUrl(path: string): string {
  return `file:${path}`;
}
