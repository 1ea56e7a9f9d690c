import type { RenderJob, RenderJobSpec, RenderJobStatus } from '../model/job/render-job.ts';
import type { StageIdentity, StageSpec } from '../model/job/stage.ts';
import type { ProgressMessage } from '../model/status/progress.ts';
import type { StageResult } from '../model/status/result.ts';

// The five interfaces the brain talks to. Each has one contract test suite under test/contract/, run against every
// adapter. Failures are CodedErrors of src/errors.ts or the two classes at the end of this file.

/** Which job: unique among those that exist now. A uid tells a job from a later one of the same name. */
export interface JobRef {
  readonly namespace: string;
  readonly name: string;
}

export function keyOf({ namespace, name }: JobRef): string {
  return `${namespace}/${name}`;
}

export interface NewJob extends JobRef {
  readonly spec: RenderJobSpec;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface CreateOutcome {
  readonly job: RenderJob;
  /** False when a job of that name was there; `job` is then that one. */
  readonly created: boolean;
  /** Whether the spec of `job` equals the one that was asked for. */
  readonly sameSpec: boolean;
}

/** An admission check that runs in the same transaction as the creation. */
export interface CreateGuard {
  /** At most this many jobs of this owner (label `framewright.dev/owner`) may be unfinished; else `QUEUE_DEPTH_EXCEEDED`. */
  readonly owner: string;
  readonly maxUnfinished: number;
}

export interface JobFilter {
  readonly namespace?: string;
  readonly owner?: string;
  readonly type?: string;
  readonly phases?: readonly RenderJobStatus['phase'][];
  /** Part of the name, any case. */
  readonly text?: string;
  /** Node or machine of any attempt. */
  readonly node?: string;
  /** Name of an asset that an input of the job refers to. */
  readonly asset?: string;
  /** Created at or after this instant, in Unix milliseconds. */
  readonly since?: number;
}

export interface JobPage {
  /** Newest first. */
  readonly jobs: readonly RenderJob[];
  /** Pass it to get the next page; absent on the last one. */
  readonly cursor?: string;
}

export interface JobChange {
  readonly type: 'put' | 'removed';
  /** The latest state; on `removed` the last one known. */
  readonly job: RenderJob;
}

export interface StoreHealth {
  /** The first full state has arrived. */
  readonly synced: boolean;
  /** Milliseconds since the last sign of life of the other side. */
  readonly lastContactMs: number;
}

export interface JobStore {
  /** Makes a job, or returns the one of that name: creation is idempotent by name. */
  create(job: NewJob, guard?: CreateGuard): Promise<CreateOutcome>;
  /** `fresh` reads past any cache. */
  get(ref: JobRef, options?: { readonly fresh?: boolean }): Promise<RenderJob | undefined>;
  list(
    filter: JobFilter,
    page?: { readonly limit?: number; readonly cursor?: string; readonly offset?: number },
  ): Promise<JobPage>;
  count(filter: JobFilter): Promise<number>;
  /**
   * Writes the members of a spec that may change (and labels), computed from `resourceVersion`.
   * Rejects with ConflictError when the job changed since, NotFoundError when it is gone.
   */
  patchSpec(ref: JobRef, resourceVersion: string, patch: SpecPatch): Promise<RenderJob>;
  /** Writes the whole status, computed from `resourceVersion`; a terminal phase is never replaced (ConflictError). */
  writeStatus(ref: JobRef, resourceVersion: string, status: RenderJobStatus): Promise<RenderJob>;
  /** Asks for removal: sets `deletionTimestamp`; the controller cleans up and calls `finalize`. Idempotent. */
  remove(ref: JobRef, uid?: string): Promise<void>;
  /** Removes the record itself, once nothing is left to clean up. Idempotent. */
  finalize(ref: JobRef, uid: string): Promise<void>;
  /**
   * Finished jobs whose retention time is over at `now` (Unix milliseconds) and that are not being removed yet, longest
   * over first: what `watch` does not tell, because nothing changes when time passes.
   */
  listExpired(now: number, limit: number): Promise<readonly RenderJob[]>;
  /** Every key's latest state at least once, in order per key; starts with the present state of all unfinished jobs at least. */
  watch(signal: AbortSignal): AsyncIterable<JobChange>;
  health(): StoreHealth;
}

export interface SpecPatch {
  readonly priority?: number;
  readonly suspend?: boolean;
  readonly cancelled?: true;
  readonly ttlSecondsAfterFinished?: number;
  /** A value of null removes the label. */
  readonly labels?: Readonly<Record<string, string | null>>;
}

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
  'PodRefused',
  'Unschedulable',
  'ImageNotPulled',
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

export interface ProgressFilter {
  readonly namespace?: string;
  readonly uid?: string;
}

export interface ProgressBus {
  publish(message: ProgressMessage): void;
  /**
   * News as it comes; a slow reader skips to the newest of each job. `replay` starts with the last value of each job that fits.
   */
  subscribe(
    filter: ProgressFilter,
    options: { readonly signal: AbortSignal; readonly replay?: boolean },
  ): AsyncIterable<ProgressMessage>;
  latest(uid: string): ProgressMessage | undefined;
  /** Forgets the last value of a job. */
  forget(uid: string): void;
}

export interface ObjectInfo {
  readonly key: string;
  readonly bytes: number;
  /** Unix milliseconds. */
  readonly modifiedAt: number;
  readonly etag: string;
}

/** A file that is being written and that nobody sees yet. */
export interface StagedObject {
  readonly key: string;
  /** A local file to write to, in the same file system as the object will be. */
  readonly path: string;
}

export interface ObjectStore {
  stat(key: string): Promise<ObjectInfo | undefined>;
  /** Bytes `start` to `end`, both included, as in HTTP ranges. Rejects with `NOT_FOUND`. */
  read(key: string, range?: { readonly start: number; readonly end: number }): Promise<AsyncIterable<Uint8Array>>;
  stage(key: string): Promise<StagedObject>;
  /**
   * Makes a staged file visible, all or nothing. A key that exists is an error (`CONFLICT`), not a replacement. An abort
   * of `signal` may end it early: it rejects with the signal's reason then, and nothing has become visible.
   */
  publish(staged: StagedObject, options?: { readonly signal?: AbortSignal }): Promise<ObjectInfo>;
  discard(staged: StagedObject): Promise<void>;
  /** Idempotent. */
  remove(key: string): Promise<void>;
  list(prefix: string): AsyncIterable<ObjectInfo>;
  /** A URL under which a client can read the object until it expires. */
  urlFor(key: string, options?: { readonly expiresSeconds?: number }): Promise<string>;
}

export interface Clock {
  /** Wall time in Unix milliseconds, for people. */
  now(): number;
  /** Milliseconds that never go back, for deadlines. */
  monotonic(): number;
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/** The object changed since the version that the write was computed from: read it again and decide anew. */
export class ConflictError extends Error {
  override readonly name = 'ConflictError';
}

/** The object is gone. */
export class NotFoundError extends Error {
  override readonly name = 'NotFoundError';
}

// What the API keeps beside jobs. Not ports of the brain: the controller never sees them.

export const roles = ['user', 'team-owner', 'admin'] as const;
export type Role = (typeof roles)[number];

/** An API key as it is stored: never the secret, only its SHA-256. */
export interface ApiKey {
  /** The middle part of `fwk_<id>_<secret>`. */
  readonly id: string;
  readonly owner: string;
  readonly role: Role;
  readonly namespace: string;
  /** Lower-case hex SHA-256 of the secret part. */
  readonly digest: string;
  /** Unix milliseconds. */
  readonly createdAt: number;
  readonly revokedAt?: number;
}

export interface KeyStore {
  add(key: ApiKey): Promise<void>;
  get(id: string): Promise<ApiKey | undefined>;
  list(): Promise<readonly ApiKey[]>;
  /** Idempotent; false when there is no such key. */
  revoke(id: string, at: number): Promise<boolean>;
}

/** An uploaded file; its bytes are an object of the same key. */
export interface Asset {
  readonly key: string;
  readonly owner: string;
  readonly namespace: string;
  /** The name that the client gave it. */
  readonly filename: string;
  readonly mediaType: string;
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
  /** Unix milliseconds. */
  readonly createdAt: number;
}

export interface AssetIndex {
  add(asset: Asset): Promise<void>;
  get(key: string): Promise<Asset | undefined>;
  /** Newest first. */
  list(
    filter: { readonly owner?: string; readonly namespace?: string },
    page: { readonly limit: number; readonly cursor?: string },
  ): Promise<{ readonly assets: readonly Asset[]; readonly cursor?: string }>;
  /** Idempotent. */
  remove(key: string): Promise<void>;
}
