/**
 * Milliseconds that a `Retry-After` header asks for (RFC 9110, section 10.2.3): a number of seconds or an HTTP date.
 *
 * @param now Unix milliseconds
 * @returns undefined when there is none, or none that can be read
 */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  // Date.parse reads far more than HTTP's dates: bare numbers among them.
  if (!/^[A-Z][a-z]{2}, /.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}
