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
 * The run of a stage, from its Job and the Job's pods. A valid result decides; then an intervention of the system; then the
 * exit code.
 *
 * @param pods all pods of the Job, by its uid; more than one only when others were created by hand
 * @param creationFailure why the Job controller cannot create a pod, if known
 */
export function stageRun(job: CachedStageJob, pods: readonly CachedStagePod[], creationFailure?: string): StageRun {
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
  // A stopped Job may still get a pod until its controller has observed the stop.
  const ended =
    pod === undefined
      ? job.ended !== undefined || (stopReason !== undefined && job.idle)
      : stopReason !== undefined && !canStillRun(pod);
  if (!ended) return { ...known, ...due, state: 'waiting', waitingFor: stageWait(job, pod, creationFailure) };
  return { ...known, ...defined('finishedAt', job.endedAt), ...endWithoutPod(job, stopReason) };
}

/** Whether a pod runs or can start: the scheduler assigns no node to a pod that is being deleted. */
export function canStillRun({ node, metadata }: CachedStagePod): boolean {
  return node !== undefined || metadata.deletionTimestamp === undefined;
}

function endOfPod(job: CachedStageJob, pod: CachedStagePod, stopReason: StopReason | undefined): RunOutcome {
  const { terminated } = pod;
  const read = readResultText(terminated?.message ?? '');
  const stopped = stopReason === undefined ? {} : { stopReason };
  if ('result' in read) return classifyRunOutcome({ result: read, ...exitOf(pod), ...stopped });
  if (stopReason === undefined) {
    const interruption = pod.disruption ?? (terminated === undefined ? pod.message : undefined);
    if (interruption !== undefined || terminated === undefined) {
      const cause = [pod.reason, interruption].filter((part) => part !== undefined).join(': ') || 'no reason is known';
      return lostRun(`The pod was interrupted (${withoutFullStop(cause)}) and ${read.missing}.`, terminated?.exitCode);
    }
    if (job.queued && job.suspended) {
      return lostRun(`Kueue preempted the pod and ${read.missing}.`, terminated.exitCode);
    }
  }
  return classifyRunOutcome({ result: read, ...exitOf(pod), ...stopped });
}

/** The outcome when the pod no longer exists. */
function endWithoutPod(job: CachedStageJob, stopReason: StopReason | undefined): RunOutcome {
  if (stopReason !== undefined) return stoppedRun(stopReason);
  return lostRun(`The pod was deleted before its result was read: ${job.endMessage ?? 'the Job has ended'}`);
}

/** Container runtimes report a signal as 128 + its number. */
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
            cause: `was killed because it used more memory ${limit} (OOMKilled)`,
            remedy: 'Raise limits.memory of the pool, or spec.podTemplate.limits.memory of the job.',
          }
        : {}),
    },
  };
}

function withoutFullStop(text: string): string {
  return text.trim().replace(/\.$/, '');
}

function newestFirst(a: CachedStagePod, b: CachedStagePod): number {
  return (b.metadata.creationTimestamp ?? '').localeCompare(a.metadata.creationTimestamp ?? '');
}

function defined<Name extends string>(name: Name, value: number | undefined): { [K in Name]?: number };
function defined(name: string, value: number | undefined): Record<string, number> {
  return value === undefined || Number.isNaN(value) ? {} : { [name]: value };
}
