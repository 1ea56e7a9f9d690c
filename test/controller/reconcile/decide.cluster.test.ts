import { describe, expect, it } from 'vitest';
import { defaultPolicy } from '../../../src/controller/policies/policy.ts';
import { decide } from '../../../src/controller/reconcile/decide.ts';
import type { Observation } from '../../../src/controller/reconcile/decision.ts';
import type { RenderJobStatus } from '../../../src/model/job/render-job.ts';
import type { StageRun, WaitCause, WaitingRun } from '../../../src/ports/stage-runner.ts';
import { aJob, aRun, aStatus, epoch } from '../../support/jobs.ts';

// What only a cluster does to a job: pods that are refused or do not start, nodes that fall silent, Kueue.

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
  it.each<[WaitCause, string, number | undefined]>([
    ['Starting', 'Starting', policy.startSeconds],
    ['PodRejected', 'PodRejected', policy.cannotStartSeconds],
    ['ImagePullFailed', 'ImagePullFailed', policy.cannotStartSeconds],
    ['ContainerNotStarted', 'ContainerNotStarted', policy.cannotStartSeconds],
    ['Unschedulable', 'Unschedulable', policy.unschedulableSeconds],
  ])('that waits because of %s is %s, until its time is over', (cause, reason, seconds = 0) => {
    const early = decision({ runs: [waitingRun(cause, seconds - 1)] });
    expect(early.status).toMatchObject({ phase: 'Starting', reason });
    expect(early.acts).toEqual([]);
    expect(early.requeueAt).toBe(now + 1000);
    const late = decision({ job: aJob({}, early.status), runs: [waitingRun(cause, seconds)] });
    expect(late.status?.message).toContain(`(given up after ${seconds} s)`);
    expect(late.acts).toEqual(['stop:notStarted']);
  });

  it('that was given up is not charged, says why, and with the next one the job fails', () => {
    const status = startingStatus({ reason: 'ImagePullFailed', message: 'The image w cannot be pulled on n.' });
    const ended = (attempt: number) => [aRun('failed', { attempt, stopReason: 'notStarted' })];
    const first = decision({ job: aJob({ retry: { limit: 0 } }, status), runs: ended(1) });
    expect(first.status).toMatchObject({ phase: 'Queued', attempt: 2, failures: 0, disruptions: 1 });
    expect(first.status?.attempts).toMatchObject([{ code: 'IMAGE_UNAVAILABLE', outcome: 'Disrupted' }]);
    const again = { ...first.status, ...status, attempt: 2, attempts: first.status?.attempts ?? [] };
    const second = decision({ job: aJob({ retry: { limit: 0 } }, again), runs: ended(2) });
    expect(second.status).toMatchObject({
      phase: 'Failed',
      reason: 'StartFailed',
      failures: 0,
      message: 'IMAGE_UNAVAILABLE: The image w cannot be pulled on n.',
    });
  });

  it('writes no new words that differ in numbers alone, and one event for a fault', () => {
    const words = (message: string) =>
      aRun('waiting', { waitingFor: waitingFor('Unschedulable', 5, message), podName: 'p' });
    const first = decision({ runs: [words('0/3 nodes: 3 full.')] });
    expect(first.events).toEqual([]);
    const job = aJob({}, first.status);
    expect(decision({ job, runs: [words('0/4 nodes: 4 full.')] }).status).toEqual(first.status);
    expect(decision({ job, runs: [words('0/4 nodes: 4 tainted.')] }).status?.message).toBe('0/4 nodes: 4 tainted.');
    const refused = decision({ runs: [waitingRun('PodRejected', 5)] });
    expect(refused.events).toEqual(['PodRejected']);
    expect(decision({ job: aJob({}, refused.status), runs: [waitingRun('PodRejected', 6)] }).events).toEqual([]);
  });

  it('without a pod is looked at again, since nobody tells of a pod that was refused', () => {
    const { podName: _, ...podless } = waitingRun('Starting', 1);
    expect(decision({ runs: [podless] }).requeueAt).toBe(now + 15_000);
  });

  it('on a pool without GPUs says so, when the job would rather have one', () => {
    const run = waitingRun('Starting', 1, { gpu: false, pool: 'cpu' });
    expect(decision({ runs: [run] }).status).toMatchObject({ reason: 'StartingWithoutGpu' });
    const running = aRun('running', { gpu: false, pool: 'cpu' });
    const { status } = decision({ runs: [running] });
    expect(status?.reason).toBe('RenderingWithoutGpu');
    expect(status?.message).toBe('Rendering on box. No node had a usable GPU, so the job went to pool cpu.');
    for (const spec of [{ acceleration: 'Disabled' as const }, { pool: 'cpu' }])
      expect(decision({ job: aJob(spec), runs: [running] }).status?.reason).toBe('Rendering');
  });
});

describe('a stage that the runner refuses', () => {
  const error = { code: 'SPEC_INVALID' as const, message: 'Expected a quantity, got much.' };

  it('for good fails the job', () => {
    const { status, acts } = decision({ refusal: { error, passing: false } });
    expect(status).toMatchObject({ phase: 'Failed', reason: 'NotRetryable', error });
    expect(acts).not.toContain('startStage');
  });

  it('for now waits, without a slot, and is tried again', () => {
    const refusal = { error: { code: 'FORBIDDEN' as const, message: 'exceeded quota' }, passing: true };
    const { status, events, requeueAt } = decision({ refusal });
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
    expect(decision({ job: aJob({}, status), now: now + 30_000, refusal }).events).toEqual([]);
  });
});

describe('a node that falls silent', () => {
  const due = now - policy.nodeSilenceSeconds * 1000;
  const running = startingStatus({ phase: 'Running', reason: 'Rendering' });

  it('is waited for, for a while', () => {
    const { acts, requeueAt } = decision({ job: aJob({}, running), runs: [aRun('running', { dueToEndAt: due + 1 })] });
    expect(acts).toEqual([]);
    expect(requeueAt).toBe(now + 1);
  });

  it('has lost its stage then: another attempt follows, which is not charged', () => {
    const { status } = decision({
      job: aJob({ retry: { limit: 0 } }, running),
      runs: [aRun('running', { dueToEndAt: due })],
    });
    expect(status).toMatchObject({ phase: 'Queued', attempt: 2, failures: 0, disruptions: 1 });
    expect(status?.message).toContain('should have ended 120 s ago and box has not said that it did');
  });

  it.each([
    ['cancelled', { cancelled: true }, 'Cancelled'],
    ['suspended', { suspend: true }, 'Queued'],
  ])('keeps nobody waiting whose job was %s', (stopReason, spec, phase) => {
    const run = aRun('running', {
      dueToEndAt: due,
      stopReason: stopReason === 'cancelled' ? 'cancelled' : 'suspended',
    });
    expect(decision({ job: aJob(spec, running), runs: [run] }).status?.phase).toBe(phase);
  });
});

describe('a job of a Kueue queue', () => {
  const film = { queue: 'films' };

  it('waits in the queue for as long as Kueue likes', () => {
    const { status, acts } = decision({ job: aJob(film), runs: [waitingRun('Queue', 1_000_000)] });
    expect(status).toMatchObject({ phase: 'Queued', reason: 'WaitingForQueue' });
    expect(status?.message).toBe('Waiting for Kueue to admit the job in queue films.');
    expect(acts).toEqual([]);
  });

  it('keeps Kueue from starting an attempt again that is over', () => {
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

  it('goes without its clean-up when that has failed for too long, and says so', () => {
    const late = now - policy.cleanUpSeconds * 1000;
    expect(decision({ job: removed(late + 1) }).acts).toEqual(['removeOutputs', 'forgetRuns', 'finalizeJob']);
    const { acts, events } = decision({ job: removed(late), runs: [aRun('running')] });
    expect(acts).toEqual(['stop:deleted', 'finalizeJob']);
    expect(events).toEqual(['CleanUpGivenUp']);
  });

  it('goes at once when someone says that its files may stay', () => {
    const job = removed(now, { 'framewright.dev/skip-clean-up': 'true' });
    expect(decision({ job }).acts).toEqual(['finalizeJob']);
    expect(decision({ job: removed(now, { 'framewright.dev/skip-clean-up': 'no' }) }).acts).toContain('removeOutputs');
  });
});
