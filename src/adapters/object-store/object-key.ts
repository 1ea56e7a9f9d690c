import { CodedError } from '../../errors/coded-error.ts';

/** Parts of letters, digits, dots, dashes and underscores, which begin with no dot: such a key cannot leave its root. */
const shape = /^[A-Za-z0-9][A-Za-z0-9._-]*(\/[A-Za-z0-9][A-Za-z0-9._-]*)*$/;
const longest = 255;

/** Whether a text may be the key of an object. */
export function isObjectKey(key: string): boolean {
  return key.length <= longest && shape.test(key);
}

/** The key itself; throws `INVALID_REQUEST` for a text that cannot be a key. */
export function assertObjectKey(key: string): string {
  if (isObjectKey(key)) return key;
  const expected = `letters, digits, dots, dashes and underscores in parts between slashes, ${longest} characters at most`;
  throw new CodedError(
    'INVALID_REQUEST',
    `Expected an object key of ${expected}, got ${JSON.stringify(key.slice(0, 80))}`,
  );
}
