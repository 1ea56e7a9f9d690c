import { stageName } from '../../../model/job/stage.ts';
import type { RunOutcome, StageRun, StopReason } from '../../../ports/stage-runner.ts';
import {
  classifyRunOutcome,
  lostRun,
  readResultText,
  stoppedRun,
  type WorkerExit,
} from '../../../worker-protocol/run-outcome.ts';
import type { CachedStageJob, CachedStagePod } from './stage-objects.ts';
import { stageWait } from './stage-wait.ts';

/**
 * What is known of a stage from its Job and the Job's pods. A valid result decides; then what the system says it did;
 * then the exit code.
 *
 * @param pods all that belong to the Job by uid; more than one only when someone made further ones by hand
 * @param refused why the API server lets no pod be made for the Job, when it said so
 */
export function stageRun(job: CachedStageJob, pods: readonly CachedStagePod[], refused?: string): StageRun {
  const pod = pods.toSorted(newestFirst)[0];
  const stopReason = job.stopReason ?? (pod?.reason === 'DeadlineExceeded' ? ('timeout' as const) : undefined);
  const known = {
    identity: job.identity,
    jobName: stageName(job.identity),
    ...(job.pool === undefined ? {} : { pool: job.pool }),
    ...(pod === undefined ? {} : { podName: pod.metadata.name }),
    ...(pod?.node === undefined ? {} : { node: pod.node }),
    ...(stopReason === undefined ? {} : { stopReason }),
  };
  const startedAt = pod?.terminated?.startedAt ?? pod?.runningSince;
  if (pod?.phase === 'Succeeded' || pod?.phase === 'Failed') {
    return {
      ...known,
      ...defined('startedAt', startedAt),
      ...defined('finishedAt', pod.terminated?.finishedAt ?? job.endedAt),
      ...endOfPod(job, pod, stopReason),
    };
  }
  const due = defined('dueToEndAt', Date.parse(pod?.metadata.deletionTimestamp ?? ''));
  // A worker that has ended is running until its pod has: a sidecar may take longer.
  if (startedAt !== undefined) return { ...known, ...due, state: 'running', startedAt };
  // A Job that was stopped may get a pod all the same until its controller has seen that.
  const ended =
    pod === undefined
      ? job.ended !== undefined || (stopReason !== undefined && job.idle)
      : stopReason !== undefined && !mayRun(pod);
  if (!ended) return { ...known, ...due, state: 'waiting', waitingFor: stageWait(job, pod, refused) };
  return { ...known, ...defined('finishedAt', job.endedAt), ...endWithoutPod(job, stopReason) };
}

/** The scheduler gives no node to a pod that is being removed. */
export function mayRun({ node, metadata }: CachedStagePod): boolean {
  return node !== undefined || metadata.deletionTimestamp === undefined;
}

function endOfPod(job: CachedStageJob, pod: CachedStagePod, stopReason: StopReason | undefined): RunOutcome {
  const { terminated } = pod;
  const read = readResultText(terminated?.message ?? '');
  const stopped = stopReason === undefined ? {} : { stopReason };
  if ('result' in read) return classifyRunOutcome({ result: read, ...exitOf(pod), ...stopped });
  if (stopReason === undefined) {
    const taken = pod.disruption ?? (terminated === undefined ? pod.message : undefined);
    if (taken !== undefined || terminated === undefined) {
      const cause = [pod.reason, taken].filter((part) => part !== undefined).join(': ') || 'nobody says why';
      return lostRun(`The pod was taken away (${withoutStop(cause)}) and ${read.missing}.`, terminated?.exitCode);
    }
    if (job.queued && job.suspended) {
      return lostRun(`Kueue took the slot of the pod away and ${read.missing}.`, terminated.exitCode);
    }
  }
  return classifyRunOutcome({ result: read, ...exitOf(pod), ...stopped });
}

/** Nothing of its pod is left. */
function endWithoutPod(job: CachedStageJob, stopReason: StopReason | undefined): RunOutcome {
  if (stopReason !== undefined) return stoppedRun(stopReason);
  return lostRun(`The pod was removed before its result was read: ${job.endMessage ?? 'the Job has ended'}`);
}

/** Container runtimes give a signal as 128 + its number. */
function exitOf({ terminated, memoryLimit }: CachedStagePod): { readonly exit?: WorkerExit } {
  if (terminated === undefined) return {};
  const { exitCode, reason } = terminated;
  const signal = exitCode === 137 ? 'SIGKILL' : exitCode === 143 ? 'SIGTERM' : null;
  const limit = memoryLimit === undefined ? 'than its node had' : `than its limit of ${memoryLimit}`;
  return {
    exit: {
      code: signal === null ? exitCode : null,
      signal,
      memoryExhausted: reason === 'OOMKilled',
      ...(reason === 'OOMKilled'
        ? {
            cause: `was killed because it took more memory ${limit} (OOMKilled)`,
            remedy: 'Raise limits.memory of the pool, or spec.podTemplate.limits.memory of the job.',
          }
        : {}),
    },
  };
}

function withoutStop(text: string): string {
  return text.trim().replace(/\.$/, '');
}

function newestFirst(a: CachedStagePod, b: CachedStagePod): number {
  return (b.metadata.creationTimestamp ?? '').localeCompare(a.metadata.creationTimestamp ?? '');
}

function defined<Name extends string>(name: Name, value: number | undefined): { [K in Name]?: number };
function defined(name: string, value: number | undefined): Record<string, number> {
  return value === undefined || Number.isNaN(value) ? {} : { [name]: value };
}
