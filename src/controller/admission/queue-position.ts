import { isDeepStrictEqual } from 'node:util';
import type { Waiting } from '../reconcile/decision.ts';

/** Why a job waits, as it was last reported. A status has no `causes`. */
export type ReportedWait = Omit<Waiting, 'admitted'>;

/**
 * Whether the status of a queued job is to be updated. Each update is a write: of ten thousand jobs that wait for the
 * same slots, each would be written with every slot that is freed. An update is due when the reason changed, when at most
 * half as many jobs are ahead as reported, or twice as many, and without a position when the causes changed.
 */
export function shouldUpdateQueuePosition(reported: ReportedWait, waiting: Waiting): boolean {
  if (reported.reason !== waiting.reason) return true;
  const [before, now] = [reported.queuePosition, waiting.queuePosition];
  if (before !== undefined && now !== undefined) return before !== now && (now * 2 <= before || now >= before * 2);
  if (reported.causes !== undefined && waiting.causes !== undefined)
    return !isDeepStrictEqual(reported.causes, waiting.causes);
  return reported.message !== waiting.message;
}
