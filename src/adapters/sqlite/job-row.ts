import { z } from 'zod';
import { jobType } from '../../model/job/job-type.ts';
import { apiVersion, type RenderJob } from '../../model/job/render-job.ts';
import { labels as labelKeys } from '../../model/labels.ts';
import { isTerminal } from '../../model/status/lifecycle.ts';
import { specFromJson, statusFromJson } from '../../ports/job-write-rules.ts';

const storedMap = z.record(z.string(), z.string());

const storedRow = z.object({
  seq: z.int(),
  namespace: z.string(),
  name: z.string(),
  uid: z.string(),
  version: z.int(),
  generation: z.int(),
  created_at: z.int(),
  deletion_at: z.int().nullable(),
  labels: z.string().nullable(),
  annotations: z.string().nullable(),
  spec: z.string(),
  status: z.string().nullable(),
});

/** Columns from which `jobFromRow` builds a job. */
export const jobColumns = Object.keys(storedRow.shape).join(', ');

/** A job with its position in the order of creation. */
export interface StoredJob {
  readonly seq: number;
  readonly job: RenderJob;
}

/** The job of a row of `SELECT ${jobColumns} FROM job`. */
export function jobFromRow(value: unknown): StoredJob {
  const row = storedRow.parse(value);
  return {
    seq: row.seq,
    job: {
      apiVersion,
      kind: 'RenderJob',
      metadata: {
        name: row.name,
        namespace: row.namespace,
        uid: row.uid,
        resourceVersion: String(row.version),
        generation: row.generation,
        creationTimestamp: new Date(row.created_at).toISOString(),
        ...(row.deletion_at === null ? {} : { deletionTimestamp: new Date(row.deletion_at).toISOString() }),
        ...(row.labels === null ? {} : { labels: storedMap.parse(JSON.parse(row.labels)) }),
        ...(row.annotations === null ? {} : { annotations: storedMap.parse(JSON.parse(row.annotations)) }),
      },
      spec: specFromJson(row.spec),
      ...(row.status === null ? {} : { status: statusFromJson(row.status) }),
    },
  };
}

/** Columns that are derived from a job for searches. */
export function searchColumns(
  { metadata, spec, status }: Pick<RenderJob, 'metadata' | 'spec' | 'status'>,
  { now, defaultTtlSeconds }: { readonly now: number; readonly defaultTtlSeconds: number },
): Record<string, string | number | null> {
  const phase = status?.phase ?? 'Queued';
  const finishedAt = isTerminal(phase) ? instant(status?.finishedAt, now) : null;
  const ttl = spec.ttlSecondsAfterFinished;
  return {
    owner: metadata.labels?.[labelKeys.owner] ?? null,
    type: metadata.labels?.[labelKeys.type] ?? jobType(spec),
    phase,
    finished_at: finishedAt,
    own_ttl: ttl ?? null,
    expires_at: finishedAt === null ? null : finishedAt + (ttl ?? defaultTtlSeconds) * 1000,
  };
}

function instant(text: string | undefined, otherwise: number): number {
  const parsed = Date.parse(text ?? '');
  return Number.isNaN(parsed) ? otherwise : parsed;
}
