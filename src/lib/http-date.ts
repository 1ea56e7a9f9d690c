/** An instant as an HTTP date (RFC 9110, section 5.6.7): `Wed, 01 Jul 2026 00:00:00 GMT`. */
export function httpDate(instant: number | string): string {
  const date = new Date(instant);
  if (Number.isNaN(date.getTime())) throw new RangeError(`Expected an instant, got ${JSON.stringify(instant)}`);
  return date.toUTCString();
}
