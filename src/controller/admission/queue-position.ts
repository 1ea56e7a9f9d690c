import type { Waiting } from '../reconcile/decision.ts';

/**
 * Whether a waiting job is to be told anew why it waits. Each telling is a write: of ten thousand jobs that wait for the
 * same slots, each would be written with every slot that is freed. A job hears again when its reason or its words
 * changed, numbers aside, or when at most half as many are ahead of it as it was told, or twice as many.
 */
export function shouldUpdateQueuePosition(
  told: { readonly reason: string; readonly message: string },
  waiting: Waiting,
): boolean {
  if (told.reason !== waiting.reason) return true;
  if (told.message === waiting.message) return false;
  const before = aheadIn(told.message);
  if (before === undefined || waiting.ahead === undefined)
    return sameButNumbers(told.message) !== sameButNumbers(waiting.message);
  return waiting.ahead * 2 <= before || waiting.ahead >= before * 2;
}

/** The texts of two states that differ in nothing but how many are equal. */
export function sameButNumbers(message: string): string {
  return message.replaceAll(/\d+/g, '#');
}

function aheadIn(message: string): number | undefined {
  if (message.includes(', next in line;')) return 0;
  const [, digits] = /, (\d+) jobs? ahead;/.exec(message) ?? [];
  return digits === undefined ? undefined : Number(digits);
}
