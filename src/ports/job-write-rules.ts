import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { CodedError } from '../errors/coded-error.ts';
import type { RenderJob, RenderJobSpec, RenderJobStatus } from '../model/job/render-job.ts';
import { canMove, isTerminal, type Phase } from '../model/status/lifecycle.ts';
import { ConflictError, keyOf, type SpecPatch } from './job-store.ts';

// Checks and computations of every JobStore before a write.

// Specs and statuses were validated before they were stored: reading checks only that they are objects, since a full
// validation would cost more than the rest of a read.
const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;
const storedSpec = z.custom<RenderJobSpec>(isObject);
const storedStatus = z.custom<RenderJobStatus>(isObject);

/** A spec from its JSON text: members without a value are absent, so that two specs compare equal member by member. */
export function specFromJson(text: string): RenderJobSpec {
  return storedSpec.parse(JSON.parse(text));
}

/** A status from its JSON text. */
export function statusFromJson(text: string): RenderJobStatus {
  return storedStatus.parse(JSON.parse(text));
}

/** Throws `INVALID_REQUEST` when a document is longer than `limit` bytes of JSON. */
export function checkSize(what: string, json: string, limit: number): void {
  const bytes = Buffer.byteLength(json);
  if (bytes <= limit) return;
  throw new CodedError('INVALID_REQUEST', `Expected a ${what} of at most ${limit} bytes of JSON, got ${bytes}`, {
    remedy: 'Shorten its lists and texts; long subtitles go into a file that is an input.',
  });
}

/** Throws when `phase` may not follow the phase of the job. */
export function checkMove({ metadata, status }: RenderJob, phase: Phase): void {
  const from = status?.phase ?? 'Queued';
  if (canMove(from, phase)) return;
  if (isTerminal(from))
    throw new ConflictError(`Expected ${keyOf(metadata)} to be unfinished, but it is ${from}, which is final`);
  throw new CodedError(
    'INVALID_REQUEST',
    `Expected a phase that may follow ${from} for ${keyOf(metadata)}, got ${phase}`,
  );
}

/** The job with a patch applied; its generation rises when the spec differs. */
export function patchedJob(job: RenderJob, { labels, ...members }: SpecPatch): RenderJob {
  const spec = specFromJson(JSON.stringify({ ...job.spec, ...members }));
  const generation = job.metadata.generation + (isDeepStrictEqual(spec, job.spec) ? 0 : 1);
  const metadata = { ...job.metadata, generation };
  return {
    ...job,
    spec,
    metadata: labels === undefined ? metadata : { ...metadata, labels: merged(metadata.labels, labels) },
  };
}

function merged(
  present: Readonly<Record<string, string>> = {},
  patch: NonNullable<SpecPatch['labels']>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries({ ...present, ...patch }).flatMap(([key, value]) => (value === null ? [] : [[key, value] as const])),
  );
}
