import { describe, expect, it } from 'vitest';
import { defaultPolicy } from '../../../src/controller/policies/policy.ts';
import { decide } from '../../../src/controller/reconcile/decide.ts';
import type { Observation } from '../../../src/controller/reconcile/decision.ts';
import type { RenderJobStatus } from '../../../src/model/job/render-job.ts';
import type { StageRun, WaitCause, WaitingRun } from '../../../src/ports/stage-runner.ts';
import { aJob, aRun, aStatus, epoch } from '../../support/jobs.ts';

// Situations that occur on clusters alone: pods that are rejected or do not start, nodes that stop reporting, Kueue.

const now = epoch + 3_600_000;
const iso = (at: number): string => new Date(at).toISOString();
const policy = { ...defaultPolicy, otherNodes: true };

function decision(observation: Partial<Observation>) {
  const admission = { admitted: true, pool: 'gpu' } as const;
  const given = { job: aJob(), runs: [], admission, now, policy, ...observation };
  const { status, actions, requeueAt } = decide(given);
  const events = actions.flatMap((action) => (action.type === 'recordEvent' ? [action.reason] : []));
  const acts = actions.flatMap((action) => {
    if (action.type === 'recordEvent') return [];
    return [action.type === 'stopStage' ? `stop:${action.reason}` : action.type];
  });
  return { status, events, acts, requeueAt };
}

const waitingFor = (cause: WaitCause, seconds: number, message = `It waits: ${cause}.`) => ({
  cause,
  since: now - seconds * 1000,
  message,
});
const waitingRun = (cause: WaitCause, seconds: number, more: Partial<WaitingRun> = {}): StageRun =>
  aRun('waiting', { waitingFor: waitingFor(cause, seconds), podName: 'p', ...more });
const startingStatus = (more: Partial<RenderJobStatus>): RenderJobStatus =>
  aStatus({ phase: 'Starting', reason: 'Starting', ...more });

describe('a start on a cluster', () => {
  it.each<[WaitCause, number, string]>([
    ['Starting', policy.startSeconds, 'POD_NOT_STARTED'],
    ['PodRejected', policy.cannotStartSeconds, 'POD_NOT_STARTED'],
    ['ImagePullFailed', policy.cannotStartSeconds, 'IMAGE_UNAVAILABLE'],
    ['ContainerNotStarted', policy.cannotStartSeconds, 'POD_NOT_STARTED'],
    ['Unschedulable', policy.unschedulableSeconds, 'POD_UNSCHEDULABLE'],
  ])('that waits because of %s has this reason, for %d s, and then the code %s', (cause, seconds, code) => {
    const early = decision({ runs: [waitingRun(cause, seconds - 1)] });
    expect(early.status).toMatchObject({ phase: 'Starting', reason: cause });
    expect(early.acts).toEqual([]);
    expect(early.requeueAt).toBe(now + 1000);
    const late = decision({ job: aJob({}, early.status), runs: [waitingRun(cause, seconds)] });
    expect(late.status?.message).toContain(`(given up after ${seconds} s)`);
    expect(late.acts).toEqual(['stop:notStarted']);
    expect(late.status?.attempts).toMatchObject([{ number: 1, code }]);
  });

  it('that was given up is not charged, and a second one fails the job', () => {
    const attemptOf = (number: number) => ({ number, code: 'IMAGE_UNAVAILABLE' });
    const message = 'The image w cannot be pulled on n.';
    const status = startingStatus({ reason: 'ImagePullFailed', message, attempts: [attemptOf(1)] });
    const ended = (attempt: number) => [aRun('failed', { attempt, stopReason: 'notStarted' })];
    const first = decision({ job: aJob({ retry: { limit: 0 } }, status), runs: ended(1) });
    expect(first.status).toMatchObject({ phase: 'Queued', attempt: 2, failures: 0, disruptions: 1 });
    expect(first.status?.attempts).toMatchObject([{ code: 'IMAGE_UNAVAILABLE', outcome: 'Disrupted' }]);
    const attempts = [...(first.status?.attempts ?? []), attemptOf(2)];
    const again = { ...first.status, ...status, attempt: 2, attempts };
    const second = decision({ job: aJob({ retry: { limit: 0 } }, again), runs: ended(2) });
    expect(second.status).toMatchObject({
      phase: 'Failed',
      reason: 'StartFailed',
      failures: 0,
      message: 'IMAGE_UNAVAILABLE: The image w cannot be pulled on n.',
    });
  });

  it('is not written again when only counts changed, and has one event for a fault', () => {
    const words = (message: string) =>
      aRun('waiting', { waitingFor: waitingFor('Unschedulable', 5, message), podName: 'p' });
    const first = decision({ runs: [words('0/3 nodes: 3 full.')] });
    expect(first.events).toEqual([]);
    const job = aJob({}, first.status);
    expect(decision({ job, runs: [words('0/4 nodes: 4 full.')] }).status).toEqual(first.status);
    expect(decision({ job, runs: [words('0/4 nodes: 4 tainted.')] }).status?.message).toBe('0/4 nodes: 4 tainted.');
    const rejected = decision({ runs: [waitingRun('PodRejected', 5)] });
    expect(rejected.events).toEqual(['PodRejected']);
    expect(decision({ job: aJob({}, rejected.status), runs: [waitingRun('PodRejected', 6)] }).events).toEqual([]);
  });

  it('without a pod is observed again, since no watch reports a rejected pod', () => {
    const { podName: _, ...podless } = waitingRun('Starting', 1);
    expect(decision({ runs: [podless] }).requeueAt).toBe(now + 15_000);
  });

  it('in a pool without GPUs is reported when the job prefers one', () => {
    const run = waitingRun('Starting', 1, { gpu: false, pool: 'cpu' });
    expect(decision({ runs: [run] }).status).toMatchObject({ reason: 'StartingWithoutGpu' });
    const running = aRun('running', { gpu: false, pool: 'cpu' });
    const { status } = decision({ runs: [running] });
    expect(status?.reason).toBe('RenderingWithoutGpu');
    expect(status?.message).toBe('Rendering on box. No node had a usable GPU, so the job was admitted to pool cpu.');
    for (const spec of [{ acceleration: 'Disabled' as const }, { pool: 'cpu' }])
      expect(decision({ job: aJob(spec), runs: [running] }).status?.reason).toBe('Rendering');
  });
});

describe('a stage that the runner rejects', () => {
  const error = { code: 'SPEC_INVALID' as const, message: 'Expected a quantity, got much.' };

  it('for good fails the job', () => {
    const { status, acts } = decision({ rejection: { error, temporary: false } });
    expect(status).toMatchObject({ phase: 'Failed', reason: 'NotRetryable', error });
    expect(acts).not.toContain('startStage');
  });

  it('for now waits without a slot and is retried', () => {
    const rejection = { error: { code: 'FORBIDDEN' as const, message: 'exceeded quota' }, temporary: true };
    const { status, events, requeueAt } = decision({ rejection });
    expect(status).toMatchObject({
      phase: 'Queued',
      reason: 'JobRejected',
      attempt: 1,
      nextAttemptAt: iso(now + 30_000),
    });
    expect(status?.message).toContain('exceeded quota');
    expect(events).toEqual(['JobRejected']);
    expect(requeueAt).toBe(now + 30_000);
    expect(decision({ job: aJob({}, status), now: now + 30_000 }).acts).toEqual(['startStage']);
    expect(decision({ job: aJob({}, status), now: now + 30_000, rejection }).events).toEqual([]);
  });
});

describe('a node that stops reporting', () => {
  const due = now - policy.nodeSilenceSeconds * 1000;
  const running = startingStatus({ phase: 'Running', reason: 'Rendering' });

  it('is waited for until a deadline', () => {
    const { acts, requeueAt } = decision({ job: aJob({}, running), runs: [aRun('running', { dueToEndAt: due + 1 })] });
    expect(acts).toEqual([]);
    expect(requeueAt).toBe(now + 1);
  });

  it('has lost its stage after the deadline: another attempt follows, and none is charged', () => {
    const { status } = decision({
      job: aJob({ retry: { limit: 0 } }, running),
      runs: [aRun('running', { dueToEndAt: due })],
    });
    expect(status).toMatchObject({ phase: 'Queued', attempt: 2, failures: 0, disruptions: 1 });
    expect(status?.message).toContain('was due to end 120 s ago and box has not reported its end');
  });

  it.each([
    ['cancelled', { cancelled: true }, 'Cancelled'],
    ['suspended', { suspend: true }, 'Queued'],
  ])('does not delay a job that was %s', (stopReason, spec, phase) => {
    const run = aRun('running', {
      dueToEndAt: due,
      stopReason: stopReason === 'cancelled' ? 'cancelled' : 'suspended',
    });
    expect(decision({ job: aJob(spec, running), runs: [run] }).status?.phase).toBe(phase);
  });
});

describe('a job of a Kueue queue', () => {
  const film = { queue: 'films' };

  it('waits in the queue until Kueue admits it', () => {
    const { status, acts } = decision({ job: aJob(film), runs: [waitingRun('Queue', 1_000_000)] });
    expect(status).toMatchObject({ phase: 'Queued', reason: 'WaitingForQueue' });
    expect(status?.message).toBe('Waiting for Kueue to admit the job in queue films.');
    expect(acts).toEqual([]);
  });

  it('is stopped when Kueue could start an ended attempt again', () => {
    const job = aJob(film, aStatus({ attempt: 2 }));
    const old = aRun('lost', { attempt: 1, mayRunAgain: true });
    expect(
      decision({ job, runs: [old, { ...waitingRun('Queue', 1), identity: { ...old.identity, attempt: 2 } }] }).acts,
    ).toEqual(['stop:superseded']);
    const done = aJob(film, aStatus({ phase: 'Cancelled', reason: 'Cancelled', finishedAt: iso(now) }));
    expect(decision({ job: done, runs: [old] }).acts).toEqual(['stop:superseded']);
  });
});

describe('a removed job', () => {
  const removed = (at: number, annotations: Record<string, string> = {}) =>
    aJob({}, startingStatus({}), { deletionTimestamp: iso(at), annotations });

  it('is finalized without its clean-up when that has failed for too long, with an event', () => {
    const late = now - policy.cleanUpSeconds * 1000;
    expect(decision({ job: removed(late + 1) }).acts).toEqual(['removeOutputs', 'forgetRuns', 'finalizeJob']);
    const { acts, events } = decision({ job: removed(late), runs: [aRun('running')] });
    expect(acts).toEqual(['stop:deleted', 'finalizeJob']);
    expect(events).toEqual(['CleanUpGivenUp']);
  });

  it('is finalized immediately when an annotation says that its files stay', () => {
    const job = removed(now, { 'framewright.dev/skip-clean-up': 'true' });
    expect(decision({ job }).acts).toEqual(['finalizeJob']);
    expect(decision({ job: removed(now, { 'framewright.dev/skip-clean-up': 'no' }) }).acts).toContain('removeOutputs');
  });
});
