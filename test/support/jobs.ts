import type { ErrorCode } from '../../src/errors/error-table.ts';
import type { RenderJob, RenderJobSpec, RenderJobStatus } from '../../src/model/job/render-job.ts';
import type { StageResult } from '../../src/model/status/result.ts';
import type {
  FailedRun,
  LostRun,
  RunningRun,
  RunState,
  StageRun,
  SucceededRun,
  WaitingRun,
} from '../../src/ports/stage-runner.ts';

/** 2026-01-01T00:00:00Z: the creation time of built jobs. */
export const epoch = Date.UTC(2026, 0, 1);

export function aJob(
  spec: Partial<RenderJobSpec> = {},
  status?: RenderJobStatus,
  metadata: Partial<RenderJob['metadata']> = {},
): RenderJob {
  return {
    apiVersion: 'framewright.dev/v1alpha1',
    kind: 'RenderJob',
    metadata: {
      name: 'clip',
      namespace: 'default',
      uid: '4f1c2d6e-0000-4000-8000-000000000001',
      resourceVersion: '1',
      generation: 1,
      creationTimestamp: new Date(epoch).toISOString(),
      ...metadata,
    },
    spec: { inputs: [{ name: 'main', file: 'clip.mp4' }], ...spec },
    ...(status === undefined ? {} : { status }),
  };
}

export function aStatus(status: Partial<RenderJobStatus> = {}): RenderJobStatus {
  return {
    phase: 'Queued',
    reason: 'Accepted',
    message: 'The job is waiting for its turn.',
    attempt: 1,
    failures: 0,
    disruptions: 0,
    ...status,
  };
}

type RunMembers = Omit<WaitingRun, 'state'> &
  Omit<RunningRun, 'state'> &
  Omit<SucceededRun, 'state'> &
  Omit<FailedRun, 'state'> &
  Omit<LostRun, 'state'>;

export function aRun(
  state: RunState,
  run: Partial<RunMembers> & { readonly attempt?: number; readonly job?: RenderJob } = {},
): StageRun {
  const { attempt = 1, job = aJob(), ...rest } = run;
  const { namespace, name, uid } = job.metadata;
  const identity = { namespace, name, uid, attempt, stage: 'render' };
  const started = { identity, startedAt: epoch + 1000, node: 'box' };
  const ended = { ...started, finishedAt: epoch + 9000 };
  switch (state) {
    case 'waiting': {
      const waitingFor = { cause: 'Starting', message: 'Its pod is being started.' } as const;
      return { identity, state, waitingFor, ...rest };
    }
    case 'running':
      return { ...started, state, ...rest };
    case 'succeeded':
      return { ...ended, state, exitCode: 0, result: aResult(), ...rest };
    case 'failed':
      return { ...ended, state, ...rest };
    case 'lost':
      return { ...ended, state, message: 'The node was lost.', ...rest, infrastructure: true };
  }
}

export function aResult(result: Partial<StageResult> = {}): StageResult {
  return {
    version: 1,
    exitCode: 0,
    outputs: [
      { name: 'main', kind: 'video', key: 'x-1-main.mp4', mediaType: 'video/mp4', bytes: 1000, durationSeconds: 5 },
    ],
    acceleration: { backend: 'software', fallbacks: [] },
    timings: { fetchSeconds: 0, encodeSeconds: 2, verifySeconds: 0.1, totalSeconds: 2.2, speed: 2.5 },
    processes: 1,
    ...result,
  };
}

/** The result of a worker that ended with an error. */
export function aFailure(code: ErrorCode, exitCode: number): Pick<FailedRun, 'exitCode' | 'result'> {
  return { exitCode, result: { version: 1, exitCode, error: { code, message: `it ended with ${code}` } } };
}
