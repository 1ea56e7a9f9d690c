/** Cuts a text to a number of UTF-8 bytes, between characters; what is no character (half a pair) is replaced. */
export function cutToBytes(text: string, bytes: number): string {
  // No code unit has more than three bytes.
  if (text.length * 3 <= bytes) return text.toWellFormed();
  const encoder = new TextEncoder();
  const whole = encoder.encode(text);
  if (whole.length <= bytes) return text.toWellFormed();
  let end = Math.max(0, bytes - encoder.encode('…').length);
  // Not within a character: its further bytes are 10xxxxxx.
  while (end > 0 && ((whole[end] ?? 0) & 0b1100_0000) === 0b1000_0000) end -= 1;
  return `${new TextDecoder().decode(whole.subarray(0, end))}…`;
}

/** Size of a value as JSON in UTF-8, in bytes. */
export function jsonBytes(value: unknown): number {
  return new TextEncoder().encode(JSON.stringify(value)).length;
}

/** Cuts a text so that its JSON has at most so many bytes, quotes included: a control character has six there. */
export function cutToJsonBytes(text: string, bytes: number): string {
  let cut = text.toWellFormed();
  for (let size = jsonBytes(cut); size > bytes; size = jsonBytes(cut)) {
    const length = new TextEncoder().encode(cut).length;
    cut = cutToBytes(cut, Math.min(length - 1, Math.floor((length * bytes) / size)));
  }
  return cut;
}
