import { cutToBytes } from '../../lib/text.ts';
import { bounds } from '../../model/job/bounds.ts';
import type { Attempt, RenderJobStatus } from '../../model/job/render-job.ts';
import type { EndedRun, StageRun } from '../../ports/stage-runner.ts';

/** The history with the present attempt's entry brought up to what its run shows. */
export function observeAttempt(status: RenderJobStatus, run: StageRun): RenderJobStatus {
  const entry = openEntry(status);
  const startedAt = run.state === 'waiting' ? undefined : run.startedAt;
  const observed: Attempt = {
    ...entry,
    ...(run.jobName === undefined ? {} : { jobName: run.jobName }),
    ...(run.podName === undefined ? {} : { podName: run.podName }),
    ...(run.pool === undefined ? {} : { pool: run.pool }),
    ...(run.node === undefined ? {} : { node: run.node }),
    ...(startedAt === undefined || entry.startedAt !== undefined
      ? {}
      : { startedAt: new Date(startedAt).toISOString() }),
  };
  return replaceEntry(status, observed);
}

export interface AttemptEnd {
  readonly outcome: NonNullable<Attempt['outcome']>;
  readonly code?: string;
  readonly reason: string;
  readonly at: number;
}

/** The history with the present attempt closed. */
export function closeAttempt(status: RenderJobStatus, run: EndedRun | undefined, end: AttemptEnd): RenderJobStatus {
  const entry = openEntry(status);
  const acceleration = run === undefined || run.state === 'lost' ? undefined : run.result?.acceleration;
  return replaceEntry(status, {
    ...entry,
    ...(run?.exitCode === undefined ? {} : { exitCode: run.exitCode }),
    ...(acceleration === undefined ? {} : { acceleration }),
    finishedAt: new Date(run?.finishedAt ?? end.at).toISOString(),
    outcome: end.outcome,
    ...(end.code === undefined ? {} : { code: end.code }),
    reason: cutToBytes(end.reason, bounds.message),
  });
}

function openEntry(status: RenderJobStatus): Attempt {
  return status.attempts?.find(({ number }) => number === status.attempt) ?? { number: status.attempt };
}

function replaceEntry(status: RenderJobStatus, entry: Attempt): RenderJobStatus {
  const others = (status.attempts ?? []).filter(({ number }) => number !== entry.number);
  return { ...status, attempts: shortened([...others, entry]) };
}

/** The first attempt and the latest ones: how it began and how it stands tell more than what lies between. */
function shortened(attempts: readonly Attempt[]): Attempt[] {
  if (attempts.length <= bounds.attemptsKept) return [...attempts];
  return [...attempts.slice(0, 1), ...attempts.slice(1 - bounds.attemptsKept)];
}
