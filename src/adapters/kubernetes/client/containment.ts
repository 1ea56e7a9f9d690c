import { isRecord } from '../../../lib/json.ts';

/**
 * Whether an object already says everything that an intent says. Items of lists are looked for anywhere in the other
 * list, because servers add items of their own and merge by key; `null` and absence are the same.
 */
export function contains(object: unknown, intent: unknown): boolean {
  if (intent === undefined || intent === null) return object === undefined || object === null;
  if (Array.isArray(intent)) {
    return Array.isArray(object) && intent.every((item) => object.some((candidate) => contains(candidate, item)));
  }
  if (isRecord(intent)) {
    return isRecord(object) && Object.entries(intent).every(([key, value]) => contains(object[key], value));
  }
  return object === intent;
}
