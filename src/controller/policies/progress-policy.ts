import type { RenderJobStatus } from '../../model/job/render-job.ts';
import type { ProgressMessage } from '../../model/status/progress.ts';
import type { Policy } from './policy.ts';

export interface ProgressUpdate {
  readonly status: RenderJobStatus;
  /** When progress that was held back may be written, in Unix milliseconds. */
  readonly dueAt?: number;
}

export interface ProgressContext {
  readonly message: ProgressMessage | undefined;
  /** Unix milliseconds. */
  readonly now: number;
  readonly policy: Pick<Policy, 'statusProgressIntervalMs'>;
  /** Whether the status is written anyway. */
  readonly written: boolean;
}

/**
 * The status with the progress of its attempt. Progress alone is written at most once per interval, the first of an
 * attempt immediately; along with another change it is always written. A percentage never falls within an attempt.
 */
export function withProgress(
  status: RenderJobStatus,
  { message, now, policy, written }: ProgressContext,
): ProgressUpdate {
  if (message === undefined || message.attempt !== status.attempt) return { status };
  const { progress } = message;
  const known = status.progress;
  if (known === undefined) return { status: { ...status, progress } };
  if (progress.updatedAt <= known.updatedAt) return { status };
  const dueAt = Date.parse(known.updatedAt) + policy.statusProgressIntervalMs;
  if (!written && now < dueAt) return { status, dueAt };
  return { status: { ...status, progress: { ...progress, percent: Math.max(progress.percent, known.percent) } } };
}
