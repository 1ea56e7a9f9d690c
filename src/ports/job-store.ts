import type { RenderJob, RenderJobSpec, RenderJobStatus } from '../model/job/render-job.ts';

// Failures of every port are CodedErrors of src/errors/ or, from a JobStore, the two classes at the end of this file. Each
// port has one contract suite under test/contract/ that runs against every adapter.

/** Identifies a job among those that exist now. A uid distinguishes it from a later job of the same name. */
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
  /** False when a job of that name existed; `job` is then that one. */
  readonly created: boolean;
  /** Whether the spec of `job` equals the requested one. */
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
  /** Milliseconds since the last response or update of the other side. */
  readonly lastContactMs: number;
}

export interface JobStore {
  /** Creates a job, or returns the one of that name: creation is idempotent by name. */
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
   * Rejects with ConflictError when the job has changed since, NotFoundError when it does not exist.
   */
  patchSpec(ref: JobRef, resourceVersion: string, patch: SpecPatch): Promise<RenderJob>;
  /** Writes the whole status, computed from `resourceVersion`; a terminal phase is never replaced (ConflictError). */
  writeStatus(ref: JobRef, resourceVersion: string, status: RenderJobStatus): Promise<RenderJob>;
  /** Requests the removal: sets `deletionTimestamp`; the controller cleans up and calls `finalize`. Idempotent. */
  remove(ref: JobRef, uid?: string): Promise<void>;
  /** Removes the record itself, once nothing is left to clean up. Idempotent. */
  finalize(ref: JobRef, uid: string): Promise<void>;
  /**
   * Finished jobs whose retention time has ended at `now` (Unix milliseconds) and that are not being removed yet, in the
   * order of that end. `watch` does not report them, because no change happens when time passes.
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

/** The object has changed since the version that the write was computed from: read it and decide again. */
export class ConflictError extends Error {
  override readonly name = 'ConflictError';
}

/** The object does not exist. */
export class NotFoundError extends Error {
  override readonly name = 'NotFoundError';
}
