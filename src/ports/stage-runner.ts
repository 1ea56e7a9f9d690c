import { omitUndefined } from '../lib/omit-undefined.ts';
import type { RenderJobSpec } from '../model/job/render-job.ts';
import type { StageIdentity, StageSpec } from '../model/job/stage.ts';
import type { StageResult } from '../model/status/result.ts';
import type { JobRef } from './job-store.ts';

/** What is known of every run. */
interface RunBase {
  readonly identity: StageIdentity;
  readonly pool?: string;
  /** Whether the pool gives its stages a GPU; absent where the worker finds out. */
  readonly gpu?: boolean;
  readonly node?: string;
  /** Name of the Kubernetes Job and of its pod. */
  readonly jobName?: string;
  readonly podName?: string;
  /** The reason given to `stop`, once it was called. */
  readonly stopReason?: StopReason;
}

interface LiveRunBase extends RunBase {
  /** When the run was due to end after a request to end, in Unix milliseconds: a node that is lost never reports its end. */
  readonly dueToEndAt?: number;
}

export interface WaitingRun extends LiveRunBase {
  readonly state: 'waiting';
  readonly waitingFor: {
    readonly cause: WaitCause;
    /** Unix milliseconds; absent where the wait has no limit. */
    readonly since?: number;
    /** Why it waits, in one sentence. */
    readonly message: string;
  };
}

export interface RunningRun extends LiveRunBase {
  readonly state: 'running';
  /** Unix milliseconds. */
  readonly startedAt: number;
}

/** How a run ended. */
export type RunOutcome = SucceededOutcome | FailedOutcome | LostOutcome;

interface SucceededOutcome {
  readonly state: 'succeeded';
  readonly exitCode: number;
  readonly result: StageResult;
}

interface FailedOutcome {
  readonly state: 'failed';
  readonly exitCode?: number;
  readonly result?: StageResult;
  /** The cause was the machine or the cluster, not the job. */
  readonly infrastructure?: boolean;
  readonly message?: string;
}

interface LostOutcome {
  readonly state: 'lost';
  readonly exitCode?: number;
  readonly infrastructure: true;
  readonly message: string;
}

interface EndedRunBase extends RunBase {
  /** Unix milliseconds. */
  readonly startedAt?: number;
  readonly finishedAt?: number;
  /** Another controller (Kueue) may start it again unless it is stopped. */
  readonly mayRunAgain?: true;
}

export interface SucceededRun extends EndedRunBase, SucceededOutcome {}
export interface FailedRun extends EndedRunBase, FailedOutcome {}
export interface LostRun extends EndedRunBase, LostOutcome {}

export type LiveRun = WaitingRun | RunningRun;
export type EndedRun = SucceededRun | FailedRun | LostRun;

/** What is known of one stage of one attempt. A run never leaves succeeded, failed or lost. */
export type StageRun = LiveRun | EndedRun;
export type RunState = StageRun['state'];

export function isLive(run: StageRun): run is LiveRun {
  return run.state === 'waiting' || run.state === 'running';
}

export function hasEnded(run: StageRun): run is EndedRun {
  return !isLive(run);
}

/** A live run with its end. */
export function endedRun(run: LiveRun, outcome: RunOutcome, finishedAt: number): EndedRun {
  const { identity, pool, gpu, node, jobName, podName, stopReason } = run;
  const startedAt = run.state === 'running' ? run.startedAt : undefined;
  const known = omitUndefined({ identity, pool, gpu, node, jobName, podName, stopReason, startedAt });
  return { ...known, ...outcome, finishedAt };
}

/** What a run that has not begun waits for. `Starting` is a start without a fault. */
export const waitCauses = [
  'Starting',
  'Queue',
  'PodRejected',
  'Unschedulable',
  'ImagePullFailed',
  'ContainerNotStarted',
] as const;
export type WaitCause = (typeof waitCauses)[number];

export const stopReasons = ['cancelled', 'timeout', 'suspended', 'deleted', 'superseded', 'notStarted'] as const;
export type StopReason = (typeof stopReasons)[number];

export interface PoolSlots {
  readonly pool: string;
  /** Stages that may run in parallel now. */
  readonly slots: number;
  /** Whether the pool is for Intel GPUs, even when none is available now; `unknown` where the worker finds out. */
  readonly gpu: boolean | 'unknown';
  /** A stage that is started beyond the slots waits for a free one; in other pools it would run beside the others. */
  readonly queues?: true;
  /** Why there are no slots, when there are none. */
  readonly unavailable?: {
    /** Without counts, for comparison. */
    readonly causes: readonly string[];
    /** A part of a sentence. */
    readonly message: string;
  };
}

export interface StartOptions {
  readonly pool: string;
  /** Owner of the job, from its label. */
  readonly owner?: string;
  /** The changes to the pod that the job requests. */
  readonly podTemplate?: NonNullable<RenderJobSpec['podTemplate']>;
  /** The Kueue queue that decides when it runs. */
  readonly queue?: string;
  /** Nodes to avoid where there are others. */
  readonly avoidNodes?: readonly string[];
}

export interface StageRunner {
  /** Starts a stage; the same identity twice is one stage. */
  start(stage: StageSpec, options: StartOptions): Promise<void>;
  /** Stops a stage gracefully, then kills it after `graceMs`. Idempotent; resolves when that is requested, not when it ended. */
  stop(identity: StageIdentity, options: { readonly graceMs: number; readonly reason: StopReason }): Promise<void>;
  /** All runs of a job, any attempt, oldest first. The stages of `fresh` are read past any cache. */
  observe(uid: string, options?: { readonly fresh?: readonly StageIdentity[] }): Promise<readonly StageRun[]>;
  /** The jobs whose runs changed. Starts with every job that has a live run. */
  watch(signal: AbortSignal): AsyncIterable<{ readonly ref: JobRef; readonly uid: string }>;
  slots(): Promise<readonly PoolSlots[]>;
  /** One item each time the slots of some pool may have changed; at most one until it is read, none at the start. */
  watchSlots(signal: AbortSignal): AsyncIterable<void>;
  /** Removes the ended runs of a job with their logs and scratch folders. Idempotent. */
  forget(uid: string): Promise<void>;
  /** The log of a stage; with `follow` also what it writes from now on until the run ends. */
  logs(
    identity: StageIdentity,
    options: { readonly follow: boolean; readonly signal: AbortSignal },
  ): AsyncIterable<Uint8Array>;
}
