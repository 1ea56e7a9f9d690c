import { describe, expect, it } from 'vitest';
import type {
  CachedStageJob,
  CachedStagePod,
  TerminatedWorker,
} from '../../../../src/adapters/kubernetes/stages/stage-objects.ts';
import { stageRun } from '../../../../src/adapters/kubernetes/stages/stage-run.ts';

const identity = { namespace: 'media', name: 'clip', uid: 'u', attempt: 2, stage: 'render' };
const startedAt = Date.UTC(2026, 0, 1);
const finishedAt = startedAt + 9_000;

const job = (more: Partial<CachedStageJob> = {}): CachedStageJob => ({
  metadata: { name: 'clip-2-render', namespace: 'media', uid: 'j', resourceVersion: '1' },
  identity,
  owner: 'u',
  pool: 'gpu',
  stopReason: undefined,
  queued: false,
  suspended: false,
  idle: false,
  ended: undefined,
  endMessage: undefined,
  endedAt: undefined,
  ...more,
});

const pod = (more: Partial<CachedStagePod> = {}): CachedStagePod => ({
  metadata: { name: 'clip-2-render-x', namespace: 'media', uid: 'p', resourceVersion: '2' },
  job: 'j',
  identity,
  phase: 'Pending',
  node: 'gpu-0',
  reason: undefined,
  message: undefined,
  disruption: undefined,
  waiting: undefined,
  waitingReason: undefined,
  image: 'worker:1',
  memoryLimit: '2Gi',
  scheduledAt: undefined,
  runningSince: undefined,
  terminated: undefined,
  ...more,
});

const terminated = (exitCode: number, message = '', reason = 'Error'): TerminatedWorker => ({
  exitCode,
  message,
  reason,
  startedAt,
  finishedAt,
});
const ended = (worker: TerminatedWorker, more: Partial<CachedStagePod> = {}): CachedStagePod =>
  pod({ phase: worker.exitCode === 0 ? 'Succeeded' : 'Failed', terminated: worker, ...more });
const success = '{"version":1,"exitCode":0}';
const failure = '{"version":1,"exitCode":41,"error":{"code":"INPUT_INVALID","message":"Expected a film."}}';
const interrupted = '{"version":1,"exitCode":143,"error":{"code":"INTERRUPTED","message":"Asked to end."}}';
const deleted = {
  name: 'x',
  namespace: 'media',
  uid: 'p',
  resourceVersion: '2',
  deletionTimestamp: '2026-01-01T00:00:00Z',
};

describe('a stage', () => {
  it.each<[string, CachedStageJob, CachedStagePod[], Readonly<Record<string, unknown>>]>([
    [
      'without a pod waits for it',
      job(),
      [],
      { state: 'waiting', waitingFor: { message: 'Its pod is being started.' } },
    ],
    [
      'that cannot be scheduled has the message of the scheduler',
      job(),
      [pod({ node: undefined, waiting: '0/3 nodes are available: 3 Insufficient gpu.intel.com/i915.' })],
      {
        state: 'waiting',
        waitingFor: {
          message: 'Its pod cannot be scheduled yet: 0/3 nodes are available: 3 Insufficient gpu.intel.com/i915.',
        },
      },
    ],
    [
      'whose container is being created keeps one message',
      job(),
      [pod({ waiting: 'ContainerCreating', waitingReason: 'ContainerCreating' })],
      { state: 'waiting', waitingFor: { message: 'Its pod is being started.' } },
    ],
    [
      'whose image is missing has the message of the kubelet',
      job(),
      [pod({ waitingReason: 'ErrImagePull', waiting: 'worker:1: not found', scheduledAt: startedAt })],
      {
        state: 'waiting',
        waitingFor: {
          cause: 'ImagePullFailed',
          since: startedAt,
          message: 'The image worker:1 cannot be pulled on gpu-0: worker:1: not found',
        },
      },
    ],
    [
      'whose image is missing keeps its message while the kubelet backs off',
      job(),
      [
        pod({
          waitingReason: 'ImagePullBackOff',
          waiting: 'Back-off pulling image "worker:1": ErrImagePull: worker:1: not found',
        }),
      ],
      { waitingFor: { message: 'The image worker:1 cannot be pulled on gpu-0: worker:1: not found' } },
    ],
    [
      'whose image was never pulled has a message without details',
      job(),
      [pod({ waitingReason: 'ImagePullBackOff', waiting: 'Back-off pulling image "worker:1"' })],
      { waitingFor: { message: 'The image worker:1 cannot be pulled on gpu-0.' } },
    ],
    [
      'whose Secret is missing has the message of the kubelet',
      job(),
      [pod({ waitingReason: 'CreateContainerConfigError', waiting: 'secret "s3" not found' })],
      {
        waitingFor: {
          cause: 'ContainerNotStarted',
          message: 'Its container cannot be started on gpu-0: CreateContainerConfigError: secret "s3" not found',
        },
      },
    ],
    [
      'that Kueue has not admitted waits for Kueue',
      job({ queued: true, suspended: true }),
      [],
      { state: 'waiting', waitingFor: { cause: 'Queue' } },
    ],
    [
      'that Kueue preempted is lost because of the infrastructure',
      job({ queued: true, suspended: true }),
      [ended(terminated(143))],
      { state: 'lost', infrastructure: true, message: expect.stringContaining('Kueue') },
    ],
    [
      'whose pod was due to end has that time',
      job(),
      [pod({ phase: 'Running', runningSince: startedAt, metadata: deleted })],
      { state: 'running', dueToEndAt: startedAt },
    ],
    [
      'whose worker runs is running',
      job(),
      [pod({ phase: 'Running', runningSince: startedAt })],
      { state: 'running', startedAt },
    ],
    [
      'with a result of success has succeeded',
      job(),
      [ended(terminated(0, success))],
      { state: 'succeeded', exitCode: 0, startedAt, finishedAt },
    ],
    [
      'with a result of failure has failed',
      job(),
      [ended(terminated(41, failure))],
      { state: 'failed', exitCode: 41, message: 'Expected a film.' },
    ],
    [
      'without a result has crashed, whatever its exit code',
      job(),
      [ended(terminated(0))],
      { state: 'failed', message: expect.stringContaining('left no result') },
    ],
    [
      'whose container used too much memory was killed',
      job(),
      [ended(terminated(137, '', 'OOMKilled'))],
      {
        state: 'failed',
        exitCode: 137,
        message:
          'The worker was killed because it used more memory than its limit of 2Gi (OOMKilled) and it left no result.',
      },
    ],
    [
      'that the system interrupted is lost because of the infrastructure',
      job(),
      [ended(terminated(143), { disruption: 'Taint manager: deleting due to NoExecute taint' })],
      { state: 'lost', infrastructure: true, message: expect.stringContaining('NoExecute taint') },
    ],
    [
      'that was evicted is lost',
      job(),
      [pod({ phase: 'Failed', reason: 'Evicted', message: 'The node was low on resource: memory.' })],
      { state: 'lost', infrastructure: true, message: expect.stringContaining('low on resource') },
    ],
    [
      'whose node restarted before it had a GPU is lost',
      job(),
      [pod({ phase: 'Failed', reason: 'UnexpectedAdmissionError' })],
      { state: 'lost', infrastructure: true, message: expect.stringContaining('UnexpectedAdmissionError') },
    ],
    [
      'that had a result when the system interrupted it has succeeded',
      job(),
      [ended(terminated(0, success), { disruption: 'preempted' })],
      { state: 'succeeded' },
    ],
    [
      'that ran longer than the pod may has timed out',
      job(),
      [
        ended(terminated(137), {
          reason: 'DeadlineExceeded',
          message: 'Pod was active on the node longer than the specified deadline',
        }),
      ],
      { state: 'failed', stopReason: 'timeout' },
    ],
    [
      'that was stopped runs until it has ended',
      job({ stopReason: 'suspended' }),
      [pod({ phase: 'Running', runningSince: startedAt, metadata: deleted })],
      { state: 'running', stopReason: 'suspended' },
    ],
    [
      'that ended after a stop has its result and the reason of the stop',
      job({ stopReason: 'cancelled' }),
      [ended(terminated(143, interrupted))],
      { state: 'failed', stopReason: 'cancelled', exitCode: 143 },
    ],
    [
      'that was stopped before it had a pod has ended once the Job controller confirms it',
      job({ stopReason: 'cancelled', idle: true }),
      [],
      { state: 'failed', stopReason: 'cancelled' },
    ],
    [
      'that was stopped before it had a pod waits until the Job controller confirms it',
      job({ stopReason: 'cancelled' }),
      [],
      { state: 'waiting', stopReason: 'cancelled' },
    ],
    [
      'that was stopped while its pod had no node has ended',
      job({ stopReason: 'cancelled' }),
      [pod({ node: undefined, metadata: deleted })],
      { state: 'failed', stopReason: 'cancelled' },
    ],
    [
      'that was stopped while its pod was starting may still run',
      job({ stopReason: 'cancelled' }),
      [pod({ metadata: deleted })],
      { state: 'waiting', stopReason: 'cancelled' },
    ],
    [
      'whose pod was deleted before it was read is lost',
      job({ ended: 'Complete', endedAt: finishedAt }),
      [],
      { state: 'lost', infrastructure: true, finishedAt },
    ],
    [
      'whose Job has ended before its pod has not ended',
      job({ ended: 'Complete' }),
      [pod({ phase: 'Running', runningSince: startedAt })],
      { state: 'running' },
    ],
  ])('%s', (_sentence, of, pods, expected) => {
    expect(stageRun(of, pods)).toMatchObject({ identity, jobName: 'clip-2-render', ...expected });
  });

  it('has the state of its latest pod', () => {
    const at = (creationTimestamp: string, uid: string) => ({
      name: uid,
      uid,
      resourceVersion: '1',
      creationTimestamp,
    });
    const older = ended(terminated(41, failure), { metadata: at('2026-01-01T00:00:00Z', 'old') });
    const newer = pod({ phase: 'Running', runningSince: startedAt, metadata: at('2026-01-01T00:00:09Z', 'new') });
    expect(stageRun(job(), [older, newer])).toMatchObject({ state: 'running', podName: 'new' });
    expect(stageRun(job(), [newer, older])).toMatchObject({ state: 'running', podName: 'new' });
  });
});
