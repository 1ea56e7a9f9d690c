import { z } from 'zod';
import { type ProgressMessage, progress as progressSchema } from '../../model/status/progress.ts';
import { parseSubject } from './subject.ts';

/** Far above the size of our messages; the stream rejects larger ones too. */
export const maxMessageBytes = 4096;

const body = z.object({
  sequence: z.int().min(0),
  // A worker of a later version may send more; unknown members are dropped.
  progress: z.object({ ...progressSchema.shape, updatedAt: z.iso.datetime() }),
});

/** Without the job: that is in the subject, where the server verifies it. */
export function messageBody({ sequence, progress }: ProgressMessage): string {
  return JSON.stringify({ sequence, progress });
}

export type ReadMessage =
  | { readonly ok: true; readonly message: ProgressMessage }
  | { readonly ok: false; readonly why: string };

/**
 * A message that the server delivered, or why it is not valid. A time later than `now` (Unix milliseconds), from a worker
 * whose clock is ahead, becomes `now`: otherwise its next messages would seem old.
 */
export function readMessage(subject: string, data: Uint8Array, now: number): ReadMessage {
  const source = parseSubject(subject);
  if (source === undefined) return { ok: false, why: 'its subject has another form' };
  if (data.length > maxMessageBytes) return { ok: false, why: `it has more than ${maxMessageBytes} bytes` };
  const parsed = body.safeParse(jsonOf(data));
  if (!parsed.success) return { ok: false, why: 'it is not progress as JSON' };
  const { sequence, progress: sent } = parsed.data;
  const isAhead = Date.parse(sent.updatedAt) > now;
  const updatedAt = isAhead ? new Date(now).toISOString() : sent.updatedAt;
  return { ok: true, message: { ...source, sequence, progress: { ...sent, updatedAt } } };
}

function jsonOf(data: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(data));
  } catch {
    return undefined;
  }
}
