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

/** The progress in a message from a worker; undefined when it has another form or speaks for another run than its own. */
export function progressOf(
  message: unknown,
  { namespace, name, uid, attempt }: StageIdentity,
): ProgressMessage | undefined {
  const parsed = workerMessage.safeParse(message);
  if (!parsed.success) return undefined;
  const said = parsed.data.message;
  const own = said.uid === uid && said.attempt === attempt && said.namespace === namespace && said.name === name;
  return own ? said : undefined;
}
