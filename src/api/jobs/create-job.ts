import { CodedError } from '../../errors/coded-error.ts';
import { bounds } from '../../model/job/bounds.ts';
import { jobType } from '../../model/job/job-type.ts';
import type { RenderJob, RenderJobSpec } from '../../model/job/render-job.ts';
import { annotations, labels } from '../../model/labels.ts';
import type { JobRef, JobStore } from '../../ports/job-store.ts';
import type { Caller } from '../http/auth.ts';
import { idempotencyMismatch } from '../http/idempotency.ts';
import type { ApiLimits } from '../services.ts';

/** A job that a request describes. */
export interface WantedJob extends JobRef {
  readonly spec: RenderJobSpec;
  readonly shape: 'edit' | 'native';
  /** Digest of the request, where the request has an idempotency key. */
  readonly requestDigest?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The job of an earlier request with the same idempotency key; rejects with `IDEMPOTENCY_MISMATCH` if that was another request. */
export async function earlierJob(
  store: JobStore,
  caller: Caller,
  ref: JobRef,
  requestDigest: string,
): Promise<RenderJob | undefined> {
  const job = await store.get(ref, { fresh: true });
  if (job !== undefined) requireSameRequest(job, caller, requestDigest);
  return job;
}

function requireSameRequest({ metadata }: RenderJob, caller: Caller, requestDigest: string): void {
  const same =
    metadata.annotations?.[annotations.requestDigest] === requestDigest &&
    metadata.labels?.[labels.owner] === caller.owner;
  if (!same) throw idempotencyMismatch();
}

/**
 * Creates a job within the owner's limit of unfinished jobs. With a request digest, an existing job of the same name is
 * the result of the same request; without, it is a `CONFLICT`.
 */
export async function createJob(
  store: JobStore,
  limits: ApiLimits,
  caller: Caller,
  wanted: WantedJob,
): Promise<{ readonly job: RenderJob; readonly created: boolean }> {
  requireFittingSpec(wanted.spec);
  const { job, created } = await store.create(
    {
      namespace: wanted.namespace,
      name: wanted.name,
      spec: wanted.spec,
      labels: { ...wanted.labels, [labels.owner]: caller.owner, [labels.type]: jobType(wanted.spec) },
      annotations: {
        ...wanted.annotations,
        [annotations.shape]: wanted.shape,
        ...(wanted.requestDigest !== undefined && { [annotations.requestDigest]: wanted.requestDigest }),
      },
    },
    { owner: caller.owner, maxUnfinished: limits.unfinishedJobs },
  );
  if (!created) {
    if (wanted.requestDigest === undefined) {
      throw new CodedError('CONFLICT', `Expected an unused name, got ${wanted.name}, which another job has.`, {
        remedy: 'Choose another name, omit it, or send the first request again with its Idempotency-Key.',
      });
    }
    requireSameRequest(job, caller, wanted.requestDigest);
  }
  return { job, created };
}

/** Size of a spec as a worker gets it, in bytes. */
export function specBytes(spec: RenderJobSpec): number {
  return Buffer.byteLength(JSON.stringify(spec));
}

export function requireFittingSpec(spec: RenderJobSpec): void {
  const bytes = specBytes(spec);
  if (bytes > bounds.specBytes) {
    throw new CodedError('INVALID_REQUEST', `Expected a job of at most ${bounds.specBytes} bytes, got ${bytes}.`, {
      remedy: 'Upload long captions as a file, and split very long lists of operations over several jobs.',
      details: [{ path: 'spec', message: `must be at most ${bounds.specBytes} bytes as JSON, got ${bytes}` }],
    });
  }
}
