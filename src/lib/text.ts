const encoder = new TextEncoder();
const ellipsis = '…';
const ellipsisBytes = encoder.encode(ellipsis).length;

/**
 * A text of at most `bytes` bytes of UTF-8: the text itself, or its beginning, cut between characters, and an ellipsis;
 * empty where not even the ellipsis fits. Half of a surrogate pair is replaced by U+FFFD.
 */
export function cutToBytes(text: string, bytes: number): string {
  // No code unit has more than three bytes.
  if (text.length * 3 <= bytes) return text.toWellFormed();
  const encoded = encoder.encode(text);
  if (encoded.length <= bytes) return text.toWellFormed();
  let end = bytes - ellipsisBytes;
  if (end < 0) return '';
  // Not inside a character, whose further bytes are 10xxxxxx.
  while (end > 0 && ((encoded[end] ?? 0) & 0b1100_0000) === 0b1000_0000) end -= 1;
  return `${new TextDecoder('utf-8', { ignoreBOM: true }).decode(encoded.subarray(0, end))}${ellipsis}`;
}

/**
 * A text of at most `length` UTF-16 code units (at least 1): the text itself, or its beginning, not cut within a surrogate
 * pair, and an ellipsis.
 */
export function cutToLength(text: string, length: number): string {
  if (text.length <= length) return text;
  return `${text.slice(0, length - 1).replace(/[\uD800-\uDBFF]$/, '')}${ellipsis}`;
}

/** Size of a value as JSON in UTF-8, in bytes. */
export function jsonBytes(value: unknown): number {
  return encoder.encode(JSON.stringify(value)).length;
}

/**
 * Cuts a text so that its JSON has at most `bytes` bytes, which include the two quotes; a control character has six there.
 * `bytes` is at least 2: the JSON of the empty text.
 */
export function cutToJsonBytes(text: string, bytes: number): string {
  let cut = text.toWellFormed();
  for (let size = jsonBytes(cut); size > bytes && cut !== ''; size = jsonBytes(cut)) {
    const length = encoder.encode(cut).length;
    cut = cutToBytes(cut, Math.min(length - 1, Math.floor((length * bytes) / size)));
  }
  return cut;
}
