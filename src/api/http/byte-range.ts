/** The part of a file that a `Range` header requests (RFC 9110, section 14). */
export type RangeRequest = 'whole' | 'unsatisfiable' | { readonly start: number; readonly end: number };

/**
 * Reads a `Range` header for a file of `size` bytes; `end` is inclusive. A malformed header, another unit and several parts
 * stand for the whole file, as the RFC allows.
 */
export function byteRange(header: string | undefined, size: number): RangeRequest {
  const [, first, last] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.replaceAll(' ', '') ?? '') ?? [];
  if (first === undefined || last === undefined || (first === '' && last === '')) return 'whole';
  if (first === '') {
    const suffix = Number(last);
    return suffix === 0 || size === 0 ? 'unsatisfiable' : { start: Math.max(0, size - suffix), end: size - 1 };
  }
  const start = Number(first);
  if (last !== '' && Number(last) < start) return 'whole';
  if (start >= size) return 'unsatisfiable';
  return { start, end: last === '' ? size - 1 : Math.min(Number(last), size - 1) };
}
