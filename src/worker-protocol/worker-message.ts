import { z } from 'zod';
import type { StageIdentity } from '../model/job/stage.ts';
import { type ProgressMessage, progress } from '../model/status/progress.ts';

const workerMessage = z.object({
  type: z.literal('progress'),
  message: z.strictObject({
    namespace: z.string(),
    name: z.string(),
    uid: z.string(),
    attempt: z.int().min(1),
    sequence: z.int().min(0),
    progress,
  }) satisfies z.ZodType<ProgressMessage>,
});

/** The progress in a message from a worker; undefined when it has another form or is about another run. */
export function progressOf(
  message: unknown,
  { namespace, name, uid, attempt }: StageIdentity,
): ProgressMessage | undefined {
  const parsed = workerMessage.safeParse(message);
  if (!parsed.success) return undefined;
  const { message: progressMessage } = parsed.data;
  const own =
    progressMessage.uid === uid &&
    progressMessage.attempt === attempt &&
    progressMessage.namespace === namespace &&
    progressMessage.name === name;
  return own ? progressMessage : undefined;
}
