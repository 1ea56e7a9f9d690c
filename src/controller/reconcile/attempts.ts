import { omitUndefined } from '../../lib/omit-undefined.ts';
import { cutToBytes } from '../../lib/text.ts';
import { bounds } from '../../model/job/bounds.ts';
import type { Attempt, RenderJobStatus } from '../../model/job/render-job.ts';
import type { EndedRun, StageRun } from '../../ports/stage-runner.ts';

/** The history entry of the present attempt. */
export function openAttempt(status: RenderJobStatus): Attempt {
  return status.attempts?.find(({ number }) => number === status.attempt) ?? { number: status.attempt };
}

/** The history with the entry of the present attempt updated from its run. */
export function observeAttempt(status: RenderJobStatus, run: StageRun): RenderJobStatus {
  const { jobName, podName, pool, node } = run;
  const entry = openAttempt(status);
  const startedAt = entry.startedAt ?? isoTime(run.state === 'waiting' ? undefined : run.startedAt);
  return withAttempt(status, { ...entry, ...omitUndefined({ jobName, podName, pool, node, startedAt }) });
}

/** The history with the error code of an attempt whose start is given up, for the time when its run has ended. */
export function withStartFailure(status: RenderJobStatus, code: string): RenderJobStatus {
  return withAttempt(status, { ...openAttempt(status), code });
}

export interface AttemptEnd {
  readonly outcome: NonNullable<Attempt['outcome']>;
  readonly code?: string | undefined;
  readonly reason: string;
  /** Unix milliseconds. */
  readonly at: number;
}

/** The history with the present attempt closed. */
export function closeAttempt(status: RenderJobStatus, run: EndedRun | undefined, end: AttemptEnd): RenderJobStatus {
  const { code: _, ...entry } = openAttempt(status);
  const result = run === undefined || run.state === 'lost' ? undefined : run.result;
  const ended = { exitCode: run?.exitCode, acceleration: result?.acceleration, code: end.code };
  return withAttempt(status, {
    ...entry,
    ...omitUndefined(ended),
    finishedAt: new Date(run?.finishedAt ?? end.at).toISOString(),
    outcome: end.outcome,
    reason: cutToBytes(end.reason, bounds.message),
  });
}

function withAttempt(status: RenderJobStatus, entry: Attempt): RenderJobStatus {
  const others = (status.attempts ?? []).filter(({ number }) => number !== entry.number);
  return { ...status, attempts: withinBounds([...others, entry]) };
}

/** The first attempt and the latest ones, which explain more than those in between. */
function withinBounds(attempts: readonly Attempt[]): Attempt[] {
  if (attempts.length <= bounds.attemptsKept) return [...attempts];
  return [...attempts.slice(0, 1), ...attempts.slice(1 - bounds.attemptsKept)];
}

function isoTime(milliseconds: number | undefined): string | undefined {
  return milliseconds === undefined ? undefined : new Date(milliseconds).toISOString();
}
