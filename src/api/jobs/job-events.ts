import type { RenderJob } from '../../model/job/render-job.ts';
import { isTerminal } from '../../model/status/lifecycle.ts';
import type { ProgressMessage } from '../../model/status/progress.ts';
import { isNewer } from '../../model/status/progress.ts';
import type { Clock } from '../../ports/clock.ts';
import type { JobStore } from '../../ports/job-store.ts';
import type { ProgressBus } from '../../ports/progress-bus.ts';
import { eventText, heartbeat, retryText, type ServerEvent } from '../http/event-stream.ts';
import type { JobChangeHub } from './job-change-hub.ts';

/**
 * What a client has seen of a job, as the id of its last event. State, not history: coming back with it, the client gets
 * the present state if that is another one, and only progress that is newer.
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

/** What a `Last-Event-ID` says was seen; `undefined` for what is not an id of ours. */
export function parseSeen(text: string | undefined): Seen | undefined {
  const [, uid, version, attempt, sequence] =
    /^([\w-]{1,64})\/([\w-]{1,40})\/(\d{1,9})\/(\d{1,15})$/.exec(text ?? '') ?? [];
  if (uid === undefined || version === undefined) return undefined;
  return { uid, version, attempt: Number(attempt), sequence: Number(sequence) };
}

export interface EventSources {
  readonly store: Pick<JobStore, 'get'>;
  readonly bus: Pick<ProgressBus, 'subscribe' | 'latest'>;
  readonly clock: Pick<Clock, 'sleep' | 'monotonic'>;
  readonly changes: JobChangeHub;
  readonly heartbeatSeconds: number;
  /** What a `job` event carries. */
  readonly view: (job: RenderJob) => Promise<unknown>;
}

const reconnectMs = 2000;

/**
 * The text of an event stream about one job: a `job` event with its present state first (unless `seen` has it), then
 * `progress` and `job` events as they come, the newest when the reader is slow, heartbeats in between, and the end after
 * a terminal state. A job that is removed ends with a `removed` event.
 */
export async function* jobEvents(
  sources: EventSources,
  first: RenderJob,
  seen: Seen | undefined,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const { bus, clock, store } = sources;
  const { uid, namespace } = first.metadata;
  const ended = new AbortController();
  const stop = AbortSignal.any([signal, ended.signal, sources.changes.closing]);
  // Each place holds the newest only, so a slow reader never has a backlog.
  let job: RenderJob | undefined = first;
  let removed = false;
  let progress: ProgressMessage | undefined = bus.latest(uid);
  let wake = new AbortController();
  const unlisten = sources.changes.listen(first.metadata, (update) => {
    if (update.job.metadata.uid !== uid) return;
    job = update.job;
    removed = update.removed;
    wake.abort();
  });
  const reading = (async () => {
    for await (const message of bus.subscribe({ namespace, uid }, { signal: stop, replay: true })) {
      progress = message;
      wake.abort();
    }
  })().catch(() => undefined);
  let at: Seen = seen?.uid === uid ? seen : { uid, version: '', attempt: 0, sequence: 0 };
  const event = (name: string, data: unknown): string =>
    eventText({ event: name, id: seenText(at), data } satisfies ServerEvent);
  try {
    yield retryText(reconnectMs);
    while (!stop.aborted) {
      wake = new AbortController();
      if (progress !== undefined && isAfter(progress, at) && !isTerminal(job.status?.phase)) {
        at = { ...at, attempt: progress.attempt, sequence: progress.sequence };
        // A change of the job goes first: progress of an attempt means nothing before its state is known.
        if (job.metadata.resourceVersion !== at.version) {
          at = { ...at, version: job.metadata.resourceVersion };
          yield event('job', await sources.view(job));
        }
        yield event('progress', { attempt: progress.attempt, ...progress.progress });
        continue;
      }
      if (job.metadata.resourceVersion !== at.version) {
        at = { ...at, version: job.metadata.resourceVersion };
        yield event('job', await sources.view(job));
        continue;
      }
      if (removed) {
        yield event('removed', { name: job.metadata.name });
        return;
      }
      if (isTerminal(job.status?.phase)) return;
      await clock.sleep(sources.heartbeatSeconds * 1000, AbortSignal.any([wake.signal, stop])).catch(() => undefined);
      if (wake.signal.aborted || stop.aborted) continue;
      // Quiet for a while: show that we live, and check whether an update was lost.
      yield heartbeat;
      const found: RenderJob | undefined = await store.get(first.metadata, { fresh: true });
      if (found?.metadata.uid === uid) job = found;
      else removed = true;
    }
  } finally {
    ended.abort();
    unlisten();
    await reading;
  }
}

function isAfter(message: ProgressMessage, { uid, attempt, sequence }: Seen): boolean {
  return isNewer(message, { ...message, uid, attempt, sequence });
}
