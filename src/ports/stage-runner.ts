import type { RenderJobSpec } from '../model/job/render-job.ts';
import type { StageIdentity, StageSpec } from '../model/job/stage.ts';
import type { StageResult } from '../model/status/result.ts';
import type { JobRef } from './job-store.ts';

export type RunState = 'waiting' | 'running' | 'succeeded' | 'failed' | 'lost';

/** What is known of one stage of one attempt. A run never goes back from succeeded, failed or lost. */
export interface StageRun {
  readonly identity: StageIdentity;
  readonly state: RunState;
  /** Why it waits, in one sentence. */
  readonly waitingFor?: string;
  /** The same for a machine, and since when (Unix milliseconds). */
  readonly waiting?: { readonly cause: WaitCause; readonly since: number };
  readonly pool?: string;
  /** Whether the pool gives its stages a GPU; absent where the worker finds out. */
  readonly gpu?: boolean;
  /** When its end, asked for by whoever it was, was due (Unix milliseconds): a node that is silent never says that it came. */
  readonly dueToEndAt?: number;
  /** It has ended, and another controller (Kueue) may start it anew unless it is stopped. */
  readonly mayRunAgain?: true;
  readonly node?: string;
  readonly device?: string;
  readonly jobName?: string;
  readonly podName?: string;
  /** Unix milliseconds. */
  readonly startedAt?: number;
  readonly finishedAt?: number;
  readonly exitCode?: number;
  readonly result?: StageResult;
  /** The cause was the machine's or the cluster's, not the job's. */
  readonly infrastructure?: boolean;
  /** The reason given to `stop`, when it was. */
  readonly stopReason?: StopReason;
  readonly message?: string;
}

/** What a run that has not begun waits for. `Starting` is a start that goes as it should. */
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
  /** Stages that may run at once, now. */
  readonly slots: number;
  /** Whether the pool gives its stages an Intel GPU, be one there now or not; `unknown` where the worker finds out. */
  readonly gpu: boolean | 'unknown';
  /** A stage that is started beyond the slots waits until one is free; elsewhere it would run beside the others. */
  readonly queues?: true;
  /** Why there are no slots, when there are none: a part of a sentence. */
  readonly why?: string;
}

export interface StartOptions {
  readonly pool: string;
  /** Whose job it is, as its label says. */
  readonly owner?: string;
  /** The bounded changes that the job asks for. */
  readonly podTemplate?: NonNullable<RenderJobSpec['podTemplate']>;
  /** The Kueue queue that decides when it runs. */
  readonly queue?: string;
  /** Nodes to stay away from where there are others. */
  readonly avoidNodes?: readonly string[];
}

export interface StageRunner {
  /** Starts a stage; the same identity twice is one stage. */
  start(stage: StageSpec, options: StartOptions): Promise<void>;
  /** Ends a stage politely, then hard after `graceMs`. Idempotent; resolves when it was asked, not when it ended. */
  stop(identity: StageIdentity, options: { readonly graceMs: number; readonly reason: StopReason }): Promise<void>;
  /** All runs of a job, any attempt, oldest first. The stages of `fresh` are looked for past any cache. */
  observe(uid: string, options?: { readonly fresh?: readonly StageIdentity[] }): Promise<readonly StageRun[]>;
  /** Says which job's runs changed. Starts with every job that has a live run. */
  watch(signal: AbortSignal): AsyncIterable<{ readonly ref: JobRef; readonly uid: string }>;
  slots(): Promise<readonly PoolSlots[]>;
  /** Says that the slots of some pool may have changed; at most once until it is read. Says nothing at the start. */
  watchSlots(signal: AbortSignal): AsyncIterable<void>;
  /** Drops what is kept of a job's runs, logs and scratch included, except live ones. Idempotent. */
  forget(uid: string): Promise<void>;
  /** The log of a stage as it was written, and with `follow` as it is being written until the run ends. */
  logs(
    identity: StageIdentity,
    options: { readonly follow: boolean; readonly signal: AbortSignal },
  ): AsyncIterable<Uint8Array>;
}
