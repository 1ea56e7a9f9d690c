import type { RenderJob } from '../../model/job/render-job.ts';
import type { Clock } from '../../ports/clock.ts';
import type { JobStore } from '../../ports/job-store.ts';
import type { ProgressBus } from '../../ports/progress-bus.ts';
import { eventText, heartbeat, retryText } from '../http/event-stream.ts';
import type { JobChangeHub } from './job-change-hub.ts';
import { type JobEvent, type JobState, pendingEvents, type Seen, seenText } from './pending-events.ts';

export interface EventSources {
  readonly store: Pick<JobStore, 'get'>;
  readonly bus: Pick<ProgressBus, 'subscribe' | 'latest'>;
  readonly clock: Pick<Clock, 'sleep'>;
  readonly changes: JobChangeHub;
  readonly heartbeatSeconds: number;
  /** What a `job` event carries. */
  readonly view: (job: RenderJob) => Promise<unknown>;
}

const reconnectMs = 2000;

/**
 * The text of an event stream about one job: a `job` event with its current state first (unless `seen` has it), then
 * `progress` and `job` events as they occur, only the latest when the reader is slow, and heartbeats in between. Ends
 * after a terminal state, or with a `removed` event when the job is removed.
 */
export async function* jobEvents(
  sources: EventSources,
  job: RenderJob,
  { seen, signal }: { readonly seen: Seen | undefined; readonly signal: AbortSignal },
): AsyncGenerator<string> {
  const { uid } = job.metadata;
  await using latest = new LatestState(sources, job, signal);
  let known: Seen = seen?.uid === uid ? seen : { uid, version: '', attempt: 0, sequence: 0 };
  yield retryText(reconnectMs);
  while (!latest.stopped) {
    const pending = pendingEvents(latest.read(), known);
    known = pending.seen;
    for (const event of pending.events) yield await textOf(event, sources);
    if (pending.done) return;
    if (pending.events.length > 0 || (await latest.updated(sources.heartbeatSeconds * 1000))) continue;
    yield heartbeat;
    await latest.refresh();
  }
}

async function textOf(event: JobEvent, { view }: EventSources): Promise<string> {
  const data = event.event === 'job' ? await view(event.job) : event.data;
  return eventText({ event: event.event, id: seenText(event.seen), data });
}

/** The latest state of a job as updates arrive. It keeps only the latest, so a slow reader never has a backlog. */
class LatestState implements AsyncDisposable {
  readonly #sources: EventSources;
  readonly #ended = new AbortController();
  readonly #stop: AbortSignal;
  readonly #unlisten: () => void;
  readonly #following: Promise<void>;
  #state: JobState;
  #wake = new AbortController();

  constructor(sources: EventSources, job: RenderJob, signal: AbortSignal) {
    const { bus, changes } = sources;
    const { uid } = job.metadata;
    this.#sources = sources;
    this.#stop = AbortSignal.any([signal, this.#ended.signal, changes.closing]);
    this.#state = { job, removed: false, progress: bus.latest(uid) };
    this.#unlisten = changes.listen(job.metadata, (update) => {
      if (update.job.metadata.uid === uid) this.#update(update);
    });
    this.#following = this.#followProgress(job).catch(() => undefined);
  }

  /** True when the client left, the server closes or the stream has ended. */
  get stopped(): boolean {
    return this.#stop.aborted;
  }

  /** The state now; `updated` then waits for a later one. */
  read(): JobState {
    this.#wake = new AbortController();
    return this.#state;
  }

  /** Waits for an update after the last `read`. False when there was none for this long, in milliseconds. */
  async updated(milliseconds: number): Promise<boolean> {
    const interrupted = AbortSignal.any([this.#wake.signal, this.#stop]);
    await this.#sources.clock.sleep(milliseconds, interrupted).catch(() => undefined);
    return interrupted.aborted;
  }

  /** Reads the job from the store, in case an update was lost. */
  async refresh(): Promise<void> {
    const { metadata } = this.#state.job;
    const found = await this.#sources.store.get(metadata, { fresh: true });
    this.#state =
      found?.metadata.uid === metadata.uid ? { ...this.#state, job: found } : { ...this.#state, removed: true };
  }

  #update(part: Partial<JobState>): void {
    this.#state = { ...this.#state, ...part };
    this.#wake.abort();
  }

  async #followProgress({ metadata: { namespace, uid } }: RenderJob): Promise<void> {
    const messages = this.#sources.bus.subscribe({ namespace, uid }, { signal: this.#stop, replay: true });
    for await (const progress of messages) this.#update({ progress });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort();
    this.#unlisten();
    await this.#following;
  }
}
