import type { Attempt, RenderJobStatus } from '../../model/job/render-job.ts';

/** The attempts that a change of status has ended, oldest first: each is reported once, since an end stays. */
export function endedAttempts(before: RenderJobStatus | undefined, after: RenderJobStatus): Attempt[] {
  const ended = new Set(before?.attempts?.filter(({ outcome }) => outcome !== undefined).map(({ number }) => number));
  return (after.attempts ?? []).filter(({ number, outcome }) => outcome !== undefined && !ended.has(number));
}
