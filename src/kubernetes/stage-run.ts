import { stageName } from '../model/stage.ts';
import type { StageRun } from '../ports.ts';
import { judgeEnd, lostRun, type RunEnd, readResultText, stoppedRun, type WorkerExit } from '../run-end.ts';
import type { CachedStageJob, CachedStagePod, TerminatedWorker } from './stage-objects.ts';

/**
 * What is known of a stage from its Job and the Job's pods. A valid result decides; then what the system says it did;
 * then the exit code.
 *
 * @param pods all that belong to the Job by uid; more than one only when someone made further ones by hand
 */
export function stageRun(job: CachedStageJob, pods: readonly CachedStagePod[]): StageRun {
  const pod = pods.toSorted(newestFirst)[0];
  const stopReason = job.stopReason ?? (pod?.reason === 'DeadlineExceeded' ? ('timeout' as const) : undefined);
  const known = {
    identity: job.identity,
    jobName: stageName(job.identity),
    ...(pod === undefined ? {} : { podName: pod.metadata.name }),
    ...(pod?.node === undefined ? {} : { node: pod.node }),
    ...defined('startedAt', pod?.terminated?.startedAt ?? pod?.runningSince),
    ...(stopReason === undefined ? {} : { stopReason }),
  };
  if (pod?.phase === 'Succeeded' || pod?.phase === 'Failed') {
    return {
      ...known,
      ...defined('finishedAt', pod.terminated?.finishedAt ?? job.endedAt),
      ...endOfPod(pod, stopReason),
    };
  }
  if (pod?.runningSince !== undefined) return { ...known, state: 'running' };
  const ended =
    pod === undefined ? job.ended !== undefined || stopReason !== undefined : stopReason !== undefined && !mayRun(pod);
  if (!ended) return { ...known, state: 'waiting', waitingFor: waitingFor(pod) };
  return { ...known, ...defined('finishedAt', job.endedAt), ...endWithoutPod(job, stopReason) };
}

export function hasEnded({ state }: StageRun): boolean {
  return state !== 'waiting' && state !== 'running';
}

/** The scheduler gives no node to a pod that is being removed. */
function mayRun({ node, metadata }: CachedStagePod): boolean {
  return node !== undefined || metadata.deletionTimestamp === undefined;
}

function endOfPod(pod: CachedStagePod, stopReason: StageRun['stopReason']): RunEnd {
  const { terminated } = pod;
  const read = readResultText(terminated?.message ?? '');
  const stopped = stopReason === undefined ? {} : { stopReason };
  if ('result' in read) return judgeEnd({ result: read, ...exitOf(terminated), ...stopped });
  if (stopReason === undefined) {
    const taken = pod.disruption ?? (terminated === undefined ? pod.message : undefined);
    if (taken !== undefined || terminated === undefined) {
      const why = taken ?? pod.reason ?? 'nobody says why';
      return lostRun(`The pod was taken away (${why}) and ${read.missing}.`, terminated?.exitCode);
    }
  }
  return judgeEnd({ result: read, ...exitOf(terminated), ...stopped });
}

/** Nothing of its pod is left. */
function endWithoutPod(job: CachedStageJob, stopReason: StageRun['stopReason']): RunEnd {
  if (stopReason !== undefined) return stoppedRun(stopReason);
  return lostRun(`The pod was removed before its result was read: ${job.endMessage ?? 'the Job has ended'}`);
}

/** Container runtimes give a signal as 128 + its number. */
function exitOf(terminated: TerminatedWorker | undefined): { readonly exit?: WorkerExit } {
  if (terminated === undefined) return {};
  const { exitCode, reason } = terminated;
  const memoryExhausted = reason === 'OOMKilled';
  const signal = exitCode === 137 ? 'SIGKILL' : exitCode === 143 ? 'SIGTERM' : null;
  return { exit: { code: signal === null ? exitCode : null, signal, memoryExhausted } };
}

/** One sentence for all of a start that goes as it should: each other one would be a write of the status. */
function waitingFor(pod: CachedStagePod | undefined): string {
  if (pod?.waiting === undefined || ordinary.has(pod.waiting)) return 'Its pod is being started.';
  if (pod.node === undefined) return `No node has a place for its pod: ${pod.waiting}`;
  return `Its pod cannot start on ${pod.node}: ${pod.waiting}`;
}

/** What the kubelet says of every container before it runs. */
const ordinary: ReadonlySet<string> = new Set(['ContainerCreating', 'PodInitializing']);

function newestFirst(a: CachedStagePod, b: CachedStagePod): number {
  return (b.metadata.creationTimestamp ?? '').localeCompare(a.metadata.creationTimestamp ?? '');
}

function defined<Name extends string>(name: Name, value: number | undefined): { [K in Name]?: number };
function defined(name: string, value: number | undefined): Record<string, number> {
  return value === undefined ? {} : { [name]: value };
}
