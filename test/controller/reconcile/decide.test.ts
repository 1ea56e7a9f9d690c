import { describe, expect, it } from 'vitest';
import { defaultPolicy } from '../../../src/controller/policies/policy.ts';
import type { Action } from '../../../src/controller/reconcile/actions.ts';
import { decide } from '../../../src/controller/reconcile/decide.ts';
import type { Admission, Decision, Observation } from '../../../src/controller/reconcile/decision.ts';
import { renderJobStatus } from '../../../src/model/job/render-job.ts';
import { aFailure, aJob, aRun, aStatus, epoch } from '../../support/jobs.ts';

const now = epoch + 10_000;
const admitted: Admission = { admitted: true, pool: 'default' };
const waiting: Admission = {
  admitted: false,
  reason: 'WaitingForSlot',
  message: 'Waiting for a slot: all 2 of pool default are in use.',
};

function decision(observation: Partial<Observation>): Decision {
  return decide({ job: aJob(), runs: [], admission: waiting, now, policy: defaultPolicy, ...observation });
}

function actionTypes(actions: readonly Action[]): string[] {
  return actions
    .filter(({ type }) => type !== 'recordEvent')
    .map((action) => (action.type === 'stopStage' ? `stop:${action.reason}` : action.type));
}

const runningStatus = aStatus({ phase: 'Running', reason: 'Rendering', message: 'Rendering on box.' });
const isoAt = (ms: number): string => new Date(ms).toISOString();

interface Row {
  readonly when: string;
  readonly given: Partial<Observation>;
  readonly phase: string | undefined;
  readonly reason?: string;
  readonly actions?: readonly string[];
  readonly attempt?: number;
}

const rows: readonly Row[] = [
  {
    when: 'a new job finds no free slot, it is Queued and says why',
    given: {},
    phase: 'Queued',
    reason: 'WaitingForSlot',
  },
  {
    when: 'a new job is admitted, its stage starts before any status is written',
    given: { admission: admitted },
    phase: undefined,
    actions: ['startStage'],
  },
  {
    when: 'the stage waits for its process or pod, the job is Starting',
    given: { runs: [aRun('waiting')] },
    phase: 'Starting',
    reason: 'Starting',
  },
  {
    when: 'the stage runs, the job is Running',
    given: { runs: [aRun('running')] },
    phase: 'Running',
    reason: 'Rendering',
  },
  {
    when: 'the stage succeeded, the job is Succeeded',
    given: { job: aJob({}, runningStatus), runs: [aRun('succeeded')] },
    phase: 'Succeeded',
    reason: 'Completed',
  },
  {
    when: 'the worker ended with 0 but left no outputs, the attempt counts as failed',
    given: { job: aJob({}, runningStatus), runs: [aRun('succeeded', { result: { version: 1, exitCode: 0 } })] },
    phase: 'Queued',
    reason: 'BackingOff',
    attempt: 2,
    actions: ['removeOutputs'],
  },
  {
    when: 'the stage failed in a way that a retry may fix, the next attempt is recorded and waits',
    given: { job: aJob({}, runningStatus), runs: [aRun('failed', aFailure('SOURCE_UNAVAILABLE', 10))] },
    phase: 'Queued',
    reason: 'BackingOff',
    attempt: 2,
    actions: ['removeOutputs'],
  },
  {
    when: 'the input is damaged, the job fails without a retry',
    given: { job: aJob({}, runningStatus), runs: [aRun('failed', aFailure('INPUT_INVALID', 41))] },
    phase: 'Failed',
    reason: 'NotRetryable',
    actions: ['removeOutputs'],
  },
  {
    when: 'the last allowed attempt failed, the job fails',
    given: {
      job: aJob({ retry: { limit: 1 } }, aStatus({ ...runningStatus, attempt: 2, failures: 1 })),
      runs: [aRun('failed', { attempt: 2, ...aFailure('FFMPEG_STALLED', 13) })],
    },
    phase: 'Failed',
    reason: 'RetriesExhausted',
    actions: ['removeOutputs'],
  },
  {
    when: 'the worker was lost with its machine, the next attempt is not charged',
    given: { job: aJob({ retry: { limit: 0 } }, runningStatus), runs: [aRun('lost')] },
    phase: 'Queued',
    reason: 'BackingOff',
    attempt: 2,
    actions: ['removeOutputs'],
  },
  {
    when: 'the record of a running attempt disappeared, the next attempt is not charged',
    given: { job: aJob({ retry: { limit: 0 } }, runningStatus) },
    phase: 'Queued',
    reason: 'BackingOff',
    attempt: 2,
    actions: ['removeOutputs'],
  },
  {
    when: 'the stage of a Starting job never came to be, the same attempt waits for its turn again',
    given: { job: aJob({}, aStatus({ phase: 'Starting', reason: 'Starting', attempt: 2 })) },
    phase: 'Queued',
    reason: 'Accepted',
    attempt: 2,
  },
  {
    when: 'the GPU failed and there is no other node, the job fails',
    given: { job: aJob({}, runningStatus), runs: [aRun('failed', aFailure('GPU_FAILED', 21))] },
    phase: 'Failed',
    reason: 'NotRetryable',
    actions: ['removeOutputs'],
  },
  {
    when: 'the GPU failed and there are other nodes, another attempt follows',
    given: {
      job: aJob({}, runningStatus),
      runs: [aRun('failed', aFailure('GPU_FAILED', 21))],
      policy: { ...defaultPolicy, otherNodes: true },
    },
    phase: 'Queued',
    reason: 'BackingOff',
    attempt: 2,
    actions: ['removeOutputs'],
  },
  {
    when: "the job's own rule is Fail, it overrides the table",
    given: {
      job: aJob({ retry: { rules: [{ codes: ['FFMPEG_STALLED'], action: 'Fail' }] } }, runningStatus),
      runs: [aRun('failed', aFailure('FFMPEG_STALLED', 13))],
    },
    phase: 'Failed',
    reason: 'NotRetryable',
    actions: ['removeOutputs'],
  },
  {
    when: 'the backoff is not over, an admitted job does not start',
    given: {
      job: aJob({}, aStatus({ attempt: 2, reason: 'BackingOff', nextAttemptAt: isoAt(now + 1) })),
      admission: admitted,
    },
    phase: 'Queued',
    reason: 'BackingOff',
  },
  {
    when: 'the backoff is over, the next attempt starts',
    given: {
      job: aJob({}, aStatus({ attempt: 2, reason: 'BackingOff', nextAttemptAt: isoAt(now) })),
      runs: [aRun('failed')],
      admission: admitted,
    },
    phase: 'Queued',
    actions: ['startStage'],
  },
  {
    when: 'a waiting job is cancelled, it ends',
    given: { job: aJob({ cancelled: true }) },
    phase: 'Cancelled',
    reason: 'Cancelled',
    actions: ['removeOutputs'],
  },
  {
    when: 'a running job is cancelled, its stage is ended first',
    given: { job: aJob({ cancelled: true }, runningStatus), runs: [aRun('running')] },
    phase: 'Running',
    reason: 'Cancelling',
    actions: ['stop:cancelled'],
  },
  {
    when: 'the stage was asked to end already, it is not asked again',
    given: { job: aJob({ cancelled: true }, runningStatus), runs: [aRun('running', { stopReason: 'cancelled' })] },
    phase: 'Running',
    reason: 'Cancelling',
  },
  {
    when: 'a stage succeeds after its cancel was accepted, the job is Cancelled and its files go',
    given: { job: aJob({ cancelled: true }, runningStatus), runs: [aRun('succeeded', { stopReason: 'cancelled' })] },
    phase: 'Cancelled',
    reason: 'Cancelled',
    actions: ['removeOutputs'],
  },
  {
    when: 'a cancel comes after the end, the end stays',
    given: {
      job: aJob({ cancelled: true }, aStatus({ phase: 'Succeeded', reason: 'Completed', finishedAt: isoAt(now) })),
      runs: [aRun('succeeded')],
    },
    phase: 'Succeeded',
    reason: 'Completed',
  },
  {
    when: 'a waiting job is suspended, it says so',
    given: { job: aJob({ suspend: true }), admission: admitted },
    phase: 'Queued',
    reason: 'Suspended',
  },
  {
    when: 'a running job is suspended, its stage is ended',
    given: { job: aJob({ suspend: true }, runningStatus), runs: [aRun('running')] },
    phase: 'Running',
    reason: 'Suspending',
    actions: ['stop:suspended'],
  },
  {
    when: 'the stage of a suspended job has ended, the job is Queued for a new attempt',
    given: {
      job: aJob({ suspend: true }, runningStatus),
      runs: [aRun('failed', { stopReason: 'suspended', ...aFailure('INTERRUPTED', 143) })],
    },
    phase: 'Queued',
    reason: 'Suspended',
    attempt: 2,
    actions: ['removeOutputs'],
  },
  {
    when: 'a run is past its timeout, it is ended',
    given: {
      job: aJob({ timeoutSeconds: 5 }, runningStatus),
      runs: [aRun('running')],
      now: epoch + 1000 + 5000 + defaultPolicy.timeoutSlackSeconds * 1000,
    },
    phase: 'Running',
    reason: 'TimingOut',
    actions: ['stop:timeout'],
  },
  {
    when: 'a run was ended for its timeout, the job fails for good',
    given: {
      job: aJob({ timeoutSeconds: 5 }, runningStatus),
      runs: [aRun('failed', { stopReason: 'timeout', ...aFailure('INTERRUPTED', 143) })],
    },
    phase: 'Failed',
    reason: 'DeadlineExceeded',
    actions: ['removeOutputs'],
  },
  {
    when: 'an older attempt still runs, it is ended',
    given: {
      job: aJob({}, aStatus({ ...runningStatus, attempt: 2 })),
      runs: [aRun('running'), aRun('running', { attempt: 2 })],
    },
    phase: 'Running',
    reason: 'Rendering',
    actions: ['stop:superseded'],
  },
  {
    when: 'a finished job still has a live run, it is ended and nothing else changes',
    given: {
      job: aJob({}, aStatus({ phase: 'Failed', reason: 'NotRetryable', finishedAt: isoAt(now) })),
      runs: [aRun('running')],
    },
    phase: 'Failed',
    reason: 'NotRetryable',
    actions: ['stop:superseded'],
  },
  {
    when: 'the retention time is over, the job is removed',
    given: {
      job: aJob(
        { ttlSecondsAfterFinished: 5 },
        aStatus({ phase: 'Succeeded', reason: 'Completed', finishedAt: isoAt(now - 5000) }),
      ),
    },
    phase: 'Succeeded',
    actions: ['removeJob'],
  },
  {
    when: 'a running job is deleted, its stage is ended first',
    given: { job: aJob({}, runningStatus, { deletionTimestamp: isoAt(now) }), runs: [aRun('running')] },
    phase: 'Running',
    actions: ['stop:deleted'],
  },
  {
    when: 'a deleted job has no live run, its files, its runs and then its record go',
    given: { job: aJob({}, runningStatus, { deletionTimestamp: isoAt(now) }), runs: [aRun('failed')] },
    phase: 'Running',
    actions: ['removeOutputs', 'forgetRuns', 'finalizeJob'],
  },
  {
    when: 'another controller is in charge, nothing is done',
    given: { job: aJob({ managedBy: 'kueue.x-k8s.io/multikueue' }), admission: admitted },
    phase: undefined,
  },
];

describe('decide', () => {
  it.each(rows)('when $when', ({ given, phase, reason, actions, attempt }) => {
    const { status, actions: taken } = decision(given);
    expect(status?.phase).toBe(phase);
    if (reason !== undefined) expect(status?.reason).toBe(reason);
    if (attempt !== undefined) expect(status?.attempt).toBe(attempt);
    expect(actionTypes(taken)).toEqual(actions ?? []);
    if (status !== undefined && status !== given.job?.status) expect(renderJobStatus.parse(status)).toEqual(status);
  });

  it('doubles the wait after each failure up to the cap', () => {
    const waits = [0, 1, 2, 9].map((failures) => {
      const job = aJob(
        { retry: { limit: 10, backoffSeconds: 4, maxBackoffSeconds: 30 } },
        aStatus({ ...runningStatus, failures }),
      );
      return (
        Date.parse(
          decision({ job, runs: [aRun('failed', aFailure('FFMPEG_STALLED', 13))] }).status?.nextAttemptAt ?? '',
        ) - now
      );
    });
    expect(waits).toEqual([4000, 8000, 16_000, 30_000]);
  });

  it('keeps the history of the first attempt and of the newest ones', () => {
    const attempts = Array.from({ length: 10 }, (_, index) => ({ number: index + 1 }));
    const job = aJob({}, aStatus({ ...runningStatus, attempt: 11, attempts }));
    const numbers = decision({ job, runs: [aRun('lost', { attempt: 11 })] }).status?.attempts?.map(
      ({ number }) => number,
    );
    expect(numbers).toEqual([1, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  });

  it('fails a job that lost its machine too often', () => {
    const job = aJob({}, aStatus({ ...runningStatus, disruptions: defaultPolicy.maxDisruptions }));
    const { status } = decision({ job, runs: [aRun('lost')] });
    expect(status).toMatchObject({ phase: 'Failed', reason: 'DisruptionLimitExceeded', error: { code: 'NODE_LOST' } });
  });

  it('writes the first progress of an attempt immediately and later progress once per interval', () => {
    const progressAt = (at: number, percent: number) => {
      const { namespace, name, uid } = aJob().metadata;
      return {
        namespace,
        name,
        uid,
        attempt: 1,
        sequence: at,
        progress: { percent, step: 'encoding' as const, updatedAt: isoAt(at) },
      };
    };
    const first = decision({ runs: [aRun('running')], progress: progressAt(now, 3) });
    expect(first.status?.progress?.percent).toBe(3);
    const job = aJob({}, first.status);
    const early = decision({ job, runs: [aRun('running')], progress: progressAt(now + 500, 9), now: now + 500 });
    expect(early.status).toEqual(first.status);
    expect(early.requeueAt).toBe(now + defaultPolicy.statusProgressIntervalMs);
    const late = decision({ job, runs: [aRun('running')], progress: progressAt(now + 10_000, 2), now: now + 10_000 });
    expect(late.status?.progress?.percent).toBe(3);
  });

  it('drops progress of an older attempt', () => {
    const { namespace, name, uid } = aJob().metadata;
    const progress = {
      namespace,
      name,
      uid,
      attempt: 1,
      sequence: 1,
      progress: { percent: 50, step: 'encoding' as const, updatedAt: isoAt(now) },
    };
    const { status } = decision({
      job: aJob({}, aStatus({ ...runningStatus, attempt: 2 })),
      runs: [aRun('running', { attempt: 2 })],
      progress,
    });
    expect(status?.progress).toBeUndefined();
  });
});
