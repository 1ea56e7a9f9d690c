/** Far more than the API server's own limit of an object (1.5 MB in etcd, 3 MB in a request). */
const maxLineLength = 16 * 1024 * 1024;

/**
 * A stream of JSON values, one per line, as in watches. An incomplete last line is an error: the connection was cut.
 *
 * @throws Error when a line is longer than 16 MiB, is not JSON, or is cut off
 */
export async function* jsonLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  // Pieces of a line that has not ended; joined once, so that a long line costs no more than its length.
  let pieces: string[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    const text = decoder.decode(chunk, { stream: true });
    let start = 0;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      pieces.push(text.slice(start, end));
      start = end + 1;
      const line = pieces.length === 1 ? pieces[0] : pieces.join('');
      pieces = [];
      length = 0;
      const value: unknown = line?.trim() ? JSON.parse(line) : undefined;
      if (value !== undefined) yield value;
    }
    if (start < text.length) {
      pieces.push(text.slice(start));
      length += text.length - start;
      if (length > maxLineLength)
        throw new Error(`Expected lines of at most ${maxLineLength} characters, got a longer one`);
    }
  }
  if (pieces.join('').trim() !== '') throw new Error('Expected a whole line, got the connection cut within one');
}
