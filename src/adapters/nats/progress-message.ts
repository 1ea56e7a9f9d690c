import { z } from 'zod';
import { type ProgressMessage, progress } from '../../model/status/progress.ts';
import { parseSubject } from './subject.ts';

/** No message of ours comes near it; the stream refuses larger ones as well. */
export const maxMessageBytes = 4096;

const body = z.object({
  sequence: z.int().min(0),
  // A worker of a later version may say more; what is not known here is left out.
  progress: z.object({ ...progress.shape, updatedAt: z.iso.datetime() }),
});

/** Whose news it is stands in the subject, where the server checks it, and nowhere else. */
export function messageBody({ sequence, progress: news }: ProgressMessage): string {
  return JSON.stringify({ sequence, progress: news });
}

/**
 * A message as the server delivered it, or why it is none of ours. A worker whose clock is ahead says nothing later than
 * `now` (Unix milliseconds): its next news would seem old for as long as it is ahead.
 */
export function readMessage(
  subject: string,
  data: Uint8Array,
  now: number,
): ProgressMessage | { readonly refused: string } {
  const source = parseSubject(subject);
  if (source === undefined) return { refused: 'a subject of another form' };
  if (data.length > maxMessageBytes) return { refused: `more than ${maxMessageBytes} bytes` };
  const parsed = body.safeParse(jsonOf(data));
  if (!parsed.success) return { refused: 'no progress as JSON' };
  const { sequence, progress: news } = parsed.data;
  if (Date.parse(news.updatedAt) <= now) return { ...source, sequence, progress: news };
  return { ...source, sequence, progress: { ...news, updatedAt: new Date(now).toISOString() } };
}

function jsonOf(data: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(data));
  } catch {
    return undefined;
  }
}
