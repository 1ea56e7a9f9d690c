import { join } from 'node:path';

/** The folder of the repository. */
export const checkout = join(import.meta.dirname, '../..');

/** A path in the repository, from its parts: `inCheckout('docs', 'benchmarks.md')`. */
export function inCheckout(...parts: readonly string[]): string {
  return join(checkout, ...parts);
}
