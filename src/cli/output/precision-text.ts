import type { PrecisionReply } from '../client/replies.ts';

/** How a trim was made and how exact it is, in one line; `undefined` where nothing was trimmed. */
export function precisionText(precision: PrecisionReply): string | undefined {
  if (precision?.method === undefined) return undefined;
  const { method, copiedFrames, encodedFrames, encoded, startErrorSeconds, endErrorSeconds, why } = precision;
  const ranges = encoded.map(({ start = '?', end = '?' }) => `${start}-${end} s`);
  const parts = [
    copiedFrames ? `${copiedFrames} frames copied` : undefined,
    encodedFrames ? `${encodedFrames} encoded${ranges.length > 0 ? ` (${ranges.join(', ')})` : ''}` : undefined,
    startErrorSeconds === undefined ? undefined : `start off by ${startErrorSeconds} s`,
    endErrorSeconds === undefined ? undefined : `end off by ${endErrorSeconds} s`,
    why,
  ];
  return `${method}: ${parts.filter((part) => part !== undefined).join(', ')}`;
}
