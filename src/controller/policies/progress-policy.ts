import type { RenderJobStatus } from '../../model/job/render-job.ts';
import type { ProgressMessage } from '../../model/status/progress.ts';
import type { Policy } from './policy.ts';

export interface ProgressUpdate {
  readonly status: RenderJobStatus;
  /** When the news that was held back may be written, in Unix milliseconds. */
  readonly dueAt?: number;
}

/**
 * Takes news of the present attempt into a status. News alone is written at most once per interval, the first of an
 * attempt at once; with another change (`urgent`) it goes along. A percentage never falls within an attempt.
 */
export function takeProgress(
  status: RenderJobStatus,
  message: ProgressMessage | undefined,
  now: number,
  policy: Policy,
  urgent: boolean,
): ProgressUpdate {
  if (message === undefined || message.attempt !== status.attempt) return { status };
  const { progress } = message;
  const written = status.progress;
  if (written === undefined) return { status: { ...status, progress } };
  if (progress.updatedAt <= written.updatedAt) return { status };
  const dueAt = Date.parse(written.updatedAt) + policy.progressIntervalMs;
  if (!urgent && now < dueAt) return { status, dueAt };
  return { status: { ...status, progress: { ...progress, percent: Math.max(progress.percent, written.percent) } } };
}
