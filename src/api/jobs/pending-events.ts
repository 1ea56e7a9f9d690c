import type { RenderJob } from '../../model/job/render-job.ts';
import { isTerminal } from '../../model/status/lifecycle.ts';
import { isNewer, type Progress, type ProgressMessage } from '../../model/status/progress.ts';

/**
 * What a client has seen of a job; it is the id of each event. It names a state, not a point in a history: a client that
 * reconnects with it gets the current state if that is another one, and only progress that is newer.
 */
export interface Seen {
  readonly uid: string;
  readonly version: string;
  readonly attempt: number;
  readonly sequence: number;
}

export function seenText({ uid, version, attempt, sequence }: Seen): string {
  return `${uid}/${version}/${attempt}/${sequence}`;
}

/** What a client has seen by its `Last-Event-ID`; `undefined` for a text that is not such an id. */
export function parseSeen(text: string | undefined): Seen | undefined {
  const [, uid, version, attempt, sequence] =
    /^([\w-]{1,64})\/([\w-]{1,40})\/(\d{1,9})\/(\d{1,15})$/.exec(text ?? '') ?? [];
  if (uid === undefined || version === undefined) return undefined;
  return { uid, version, attempt: Number(attempt), sequence: Number(sequence) };
}

/** The latest state of a job. */
export interface JobState {
  readonly job: RenderJob;
  readonly removed: boolean;
  readonly progress: ProgressMessage | undefined;
}

/** An event, and what the client has seen with it. */
export type JobEvent = { readonly seen: Seen } & (
  | { readonly event: 'job'; readonly job: RenderJob }
  | { readonly event: 'progress'; readonly data: Progress & { readonly attempt: number } }
  | { readonly event: 'removed'; readonly data: { readonly name: string } }
);

export interface PendingEvents {
  /** In the order in which they are sent. */
  readonly events: readonly JobEvent[];
  /** What the client has seen after them. */
  readonly seen: Seen;
  /** True when nothing can follow: the job has ended or was removed. */
  readonly done: boolean;
}

/** The events that bring a client from what it has seen to the latest state. */
export function pendingEvents({ job, removed, progress }: JobState, seen: Seen): PendingEvents {
  const events: JobEvent[] = [];
  let latest = seen;
  const ended = isTerminal(job.status?.phase);
  // The job comes first: progress of an attempt means nothing before the state of the job is known.
  if (job.metadata.resourceVersion !== seen.version) {
    latest = { ...latest, version: job.metadata.resourceVersion };
    events.push({ event: 'job', seen: latest, job });
  }
  if (progress !== undefined && !ended && isUnseen(progress, seen)) {
    const { attempt, sequence } = progress;
    latest = { ...latest, attempt, sequence };
    events.push({ event: 'progress', seen: latest, data: { attempt, ...progress.progress } });
  }
  if (removed) events.push({ event: 'removed', seen: latest, data: { name: job.metadata.name } });
  return { events, seen: latest, done: removed || ended };
}

function isUnseen(message: ProgressMessage, { uid, attempt, sequence }: Seen): boolean {
  return isNewer(message, { ...message, uid, attempt, sequence });
}
