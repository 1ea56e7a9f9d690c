import { z } from 'zod';
import { jobType } from '../../model/job/job-type.ts';
import type { RenderJob } from '../../model/job/render-job.ts';
import { isTerminal } from '../../model/status/lifecycle.ts';
import type { Progress } from '../../model/status/progress.ts';
import type { OutputFile } from '../../model/status/result.ts';
import { type ApiContext, liveProgress, outputUrl } from '../context.ts';

// The Edit API's view of a RenderJob. Times are Unix milliseconds; a field is present exactly when its description says so.

const editStatuses = ['queued', 'active', 'done', 'failed', 'cancelled'] as const;
export type EditStatus = (typeof editStatuses)[number];

const editTypes = [
  'PEAKO_RENDER',
  'PEAKO_TRANSCRIBE',
  'PEAKO_TRIM',
  'PEAKO_MERGE',
  'PEAKO_MUTE',
  'PEAKO_ADD_AUDIO',
  'PEAKO_SUBTITLE',
  'PEAKO_BLUR',
  'PEAKO_SPEED_RAMP',
] as const;
type EditType = (typeof editTypes)[number];

const typeOf: Readonly<Record<string, EditType>> = {
  trim: 'PEAKO_TRIM',
  merge: 'PEAKO_MERGE',
  mute: 'PEAKO_MUTE',
  addAudio: 'PEAKO_ADD_AUDIO',
  subtitle: 'PEAKO_SUBTITLE',
  blur: 'PEAKO_BLUR',
  speedRamp: 'PEAKO_SPEED_RAMP',
};

const unixMs = z.int().min(0);

export const editJob = z.strictObject({
  jobId: z.string().describe('Id of the job.'),
  status: z.enum(editStatuses).describe('State of the job.'),
  progress: z.number().min(0).max(1).optional().describe('0 to 1; present when active.'),
  outputUrl: z.string().optional().describe('Where the output can be fetched; present when done.'),
  error: z.string().optional().describe('Why it failed; present when failed.'),
  createdAt: unixMs.describe('Unix milliseconds.'),
  updatedAt: unixMs.describe('Unix milliseconds.'),
});
export type EditJob = z.output<typeof editJob>;

export const editListItem = z.strictObject({
  id: z.string().describe('Id of the job.'),
  type: z.enum(editTypes).describe('Kind of the job.'),
  status: z.enum(editStatuses).describe('State of the job.'),
  progress: z.number().min(0).max(1).optional().describe('0 to 1; present when active, and 1 when done.'),
  createdAt: unixMs.describe('Unix milliseconds.'),
  outputUrl: z.string().optional().describe('Present when done.'),
});
export type EditListItem = z.output<typeof editListItem>;

export const editAccepted = z.strictObject({
  jobId: z.string().describe('Id of the job.'),
  status: z.enum(editStatuses).describe('State of the job.'),
});

export function editStatus({ spec, status }: Pick<RenderJob, 'spec' | 'status'>): EditStatus {
  // An accepted cancel always ends in Cancelled, so clients see their own cancel immediately and in every later reply.
  if (spec.cancelled === true && !isTerminal(status?.phase)) return 'cancelled';
  switch (status?.phase) {
    case 'Running':
      return 'active';
    case 'Succeeded':
      return 'done';
    case 'Failed':
      return 'failed';
    case 'Cancelled':
      return 'cancelled';
    case undefined:
    case 'Queued':
    case 'Starting':
      return 'queued';
  }
}

function editType(job: Pick<RenderJob, 'spec'>): EditType {
  return typeOf[jobType(job.spec)] ?? 'PEAKO_RENDER';
}

/** The output that `outputUrl` is about: the main one, else the first. */
function mainOutput({ status }: Pick<RenderJob, 'status'>): OutputFile | undefined {
  const outputs = status?.result?.outputs ?? [];
  return outputs.find(({ name }) => name === 'main') ?? outputs[0];
}

/** What a view needs beside the job itself: live progress, and the URL of the main output. */
interface EditExtras {
  readonly progress?: Progress | undefined;
  readonly outputUrl?: string | undefined;
}

/** Looks up what a view needs; `base` is the start of URLs in the reply. */
export async function editExtras(context: ApiContext, job: RenderJob, base: string): Promise<EditExtras> {
  const output = job.status?.phase === 'Succeeded' ? mainOutput(job) : undefined;
  return {
    progress: liveProgress(context, job),
    outputUrl: output && (await outputUrl(context, job, output.key, base)),
  };
}

function fraction({ status }: RenderJob, live: Progress | undefined): number {
  const percent = Math.max(live?.percent ?? 0, status?.progress?.percent ?? 0);
  return Math.round(percent * 100) / 10_000;
}

/** The latest moment at which something about the job changed, in Unix milliseconds. */
function updatedAt({ metadata, status }: RenderJob, live: Progress | undefined): number {
  if (isTerminal(status?.phase) && status?.finishedAt !== undefined) return Date.parse(status.finishedAt);
  const moments = [
    metadata.creationTimestamp,
    status?.queuedAt,
    status?.startedAt,
    status?.progress?.updatedAt,
    live?.updatedAt,
  ];
  return Math.max(...moments.filter((moment) => moment !== undefined).map((moment) => Date.parse(moment)));
}

export function viewEditJob(job: RenderJob, { progress, outputUrl: url }: EditExtras): EditJob {
  const status = editStatus(job);
  return {
    jobId: job.metadata.name,
    status,
    ...(status === 'active' && { progress: fraction(job, progress) }),
    ...(status === 'done' && url !== undefined && { outputUrl: url }),
    ...(status === 'failed' && { error: job.status?.error?.message ?? job.status?.message ?? 'The job failed.' }),
    createdAt: Date.parse(job.metadata.creationTimestamp),
    updatedAt: updatedAt(job, progress),
  };
}

export function viewEditListItem(job: RenderJob, { progress, outputUrl: url }: EditExtras): EditListItem {
  const status = editStatus(job);
  return {
    id: job.metadata.name,
    type: editType(job),
    status,
    ...(status === 'active' && { progress: fraction(job, progress) }),
    ...(status === 'done' && { progress: 1 }),
    createdAt: Date.parse(job.metadata.creationTimestamp),
    ...(status === 'done' && url !== undefined && { outputUrl: url }),
  };
}
