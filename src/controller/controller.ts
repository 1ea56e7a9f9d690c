import { isDeepStrictEqual } from 'node:util';
import type { Attempt, RenderJob } from '../model/job/render-job.ts';
import { isTerminal } from '../model/status/lifecycle.ts';
import type { Clock } from '../ports/clock.ts';
import { ConflictError, type JobRef, type JobStore, keyOf, NotFoundError } from '../ports/job-store.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import type { ProgressBus } from '../ports/progress-bus.ts';
import { isLive, type StageRun, type StageRunner } from '../ports/stage-runner.ts';
import { AdmissionPasses } from './admission/admission-passes.ts';
import { JobIndex } from './admission/job-index.ts';
import { RemovedJobFiles } from './cleanup/removed-job-files.ts';
import type { Policy } from './policies/policy.ts';
import { decide } from './reconcile/decide.ts';
import type { Admission, Observation, Refusal } from './reconcile/decision.ts';
import { endedAttempts } from './reconcile/ended-attempts.ts';
import { executeAction } from './reconcile/execute-action.ts';
import { doubtful } from './reconcile/freshness.ts';
import { refusalOf } from './reconcile/stage-start.ts';
import { type Lane, WorkQueue, type WorkQueueObserver } from './work-queue.ts';

export interface ControllerPorts {
  readonly store: JobStore;
  readonly runner: StageRunner;
  readonly bus: ProgressBus;
  readonly objects: ObjectStore;
  readonly clock: Clock;
}

/** What the outside is told: logs, metrics, Kubernetes Events. None of it may throw. */
export interface ControllerObserver {
  readonly event?: (job: RenderJob, level: 'Normal' | 'Warning', reason: string, message: string) => void;
  /** Told once per attempt, when its end has been recorded. */
  readonly attemptEnded?: (job: RenderJob, attempt: Attempt) => void;
  readonly reconciled?: (key: string, milliseconds: number) => void;
  readonly error?: (what: string, error: unknown) => void;
}

export interface ControllerOptions {
  readonly policy: Policy;
  readonly concurrency?: number;
  readonly observer?: ControllerObserver;
  /** Told what the queue does, for metrics. */
  readonly queueObserver?: WorkQueueObserver;
  /** How often finished jobs are looked through for expired ones, in milliseconds. */
  readonly expiryIntervalMs?: number;
}

export interface ControllerStats {
  readonly unfinished: number;
  readonly queueDepth: number;
  readonly active: number;
  /** How long the key that has waited longest has waited, and the handler that has been at work longest has been so. */
  readonly oldestWaitMs: number;
  readonly longestRunMs: number;
}

/** Longest wait that is kept as a timer; the expiry scan covers what lies farther ahead. */
const timerHorizonMs = 10 * 60_000;

/** At most so many waiting jobs are told anew how many are ahead, once in so many milliseconds. */
const [waitingNewsBatch, waitingNewsMs] = [100, 10_000];

/** Watches, decides, writes one status, then acts: with what it is made of, the only place that calls the ports. */
export class Controller {
  readonly #ports: ControllerPorts;
  readonly #options: ControllerOptions;
  readonly #index = new JobIndex();
  readonly #queue: WorkQueue;
  readonly #left: RemovedJobFiles;
  readonly #admission: AdmissionPasses;

  constructor(ports: ControllerPorts, options: ControllerOptions) {
    this.#ports = ports;
    this.#options = options;
    this.#queue = new WorkQueue((key) => this.#reconcile(key), {
      concurrency: options.concurrency ?? 4,
      onError: (key, error) => options.observer?.error?.(`reconcile ${key}`, error),
      ...(options.queueObserver === undefined ? {} : { observer: options.queueObserver }),
    });
    const again = (key: string, milliseconds: number): void => this.#queue.addAfter(key, milliseconds);
    this.#left = new RemovedJobFiles(ports, again, options.observer?.error);
    this.#admission = new AdmissionPasses(ports, this.#index, options.policy, {
      changed: (key, admitted) => this.#queue.add(key, admitted ? 'start' : 'new'),
      error: (error) => options.observer?.error?.('admission', error),
    });
  }

  get stats(): ControllerStats {
    const { depth, active, oldestWaitMs, longestRunMs } = this.#queue;
    return { unfinished: this.#index.size, queueDepth: depth, active, oldestWaitMs, longestRunMs };
  }

  /** Runs until the signal; resolves when no reconcile is at work any more. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([
      this.#forever('watch jobs', signal, () => this.#watchJobs(signal)),
      this.#forever('watch runs', signal, () => this.#watchRuns(signal)),
      this.#forever('watch slots', signal, () => this.#watchSlots(signal)),
      this.#forever('tell waiting jobs', signal, () => this.#tellWaiting(signal)),
      this.#forever('watch progress', signal, () => this.#watchProgress(signal)),
      this.#forever('find expired jobs', signal, () => this.#findExpired(signal)),
    ]);
    await this.#queue.close();
  }

  async #watchJobs(signal: AbortSignal): Promise<void> {
    for await (const { type, job } of this.#ports.store.watch(signal)) {
      const key = keyOf(job.metadata);
      if (type === 'removed') {
        this.#index.drop(key);
        this.#ports.bus.forget(job.metadata.uid);
        this.#left.note(job);
        this.#admission.soon();
        continue;
      }
      this.#index.put(job);
      const lane = laneOf(job);
      // A slot has become free, or is wanted: all who want one are judged together, before each is looked at.
      if (lane === 'ended' || (lane === 'new' && this.#index.verdict(job.metadata.uid) === undefined))
        this.#admission.soon();
      this.#queue.add(key, lane);
    }
  }

  async #watchRuns(signal: AbortSignal): Promise<void> {
    for await (const { ref, uid } of this.#ports.runner.watch(signal)) {
      if (!this.#index.has(keyOf(ref), uid)) await this.#noteStranger(ref, uid);
      this.#queue.add(keyOf(ref), 'running');
    }
  }

  /** A worker may still publish for a job that was removed while nobody looked: its files go when it has ended. */
  async #noteStranger(ref: JobRef, uid: string): Promise<void> {
    const { runner, store } = this.#ports;
    if (!(await runner.observe(uid)).some(isLive)) return;
    if ((await store.get(ref))?.metadata.uid !== uid) this.#left.noteUid(uid, ref);
  }

  /** Nodes come and go: what waits for them is judged anew. */
  async #watchSlots(signal: AbortSignal): Promise<void> {
    for await (const _ of this.#ports.runner.watchSlots(signal)) this.#admission.soon();
  }

  /** How many are ahead changes with every slot that is freed; it is written to few jobs at a time. */
  async #tellWaiting(signal: AbortSignal): Promise<void> {
    await this.#ports.clock.sleep(waitingNewsMs, signal);
    for (const key of this.#index.takeWaitingNews(waitingNewsBatch)) this.#queue.add(key, 'resync');
  }

  async #watchProgress(signal: AbortSignal): Promise<void> {
    const { bus, clock } = this.#ports;
    for await (const message of bus.subscribe({}, { signal })) {
      const key = keyOf(message);
      if (!this.#index.has(key)) continue;
      const written = this.#index.progressAt(key);
      const wait = written === undefined ? 0 : written + this.#options.policy.progressIntervalMs - clock.now();
      this.#queue.addAfter(key, wait, 'running');
    }
  }

  async #findExpired(signal: AbortSignal): Promise<void> {
    const { store, clock } = this.#ports;
    for (const job of await store.listExpired(clock.now(), 500)) this.#queue.add(keyOf(job.metadata), 'resync');
    await clock.sleep(this.#options.expiryIntervalMs ?? 60_000, signal);
  }

  async #reconcile(key: string): Promise<void> {
    const { store, bus, clock } = this.#ports;
    const began = clock.monotonic();
    const ref = refOf(key);
    await this.#left.cleanUp(ref);
    const seen = await this.#look(ref);
    if (seen === undefined) {
      this.#index.drop(key);
      return;
    }
    const { job, runs } = seen;
    const { uid } = job.metadata;
    const verdict = this.#index.verdict(uid);
    const observation = {
      job,
      runs,
      admission: verdict ?? unjudged(job),
      progress: bus.latest(uid),
      now: clock.now(),
      policy: this.#options.policy,
    };
    const decision = decide(observation);

    // A job that no admission pass has looked at yet gets its first status from the verdict, which saves a write.
    const firstLook =
      job.status === undefined &&
      verdict === undefined &&
      decision.status?.phase === 'Queued' &&
      decision.status.reason === 'Accepted';
    let current = job;
    if (decision.status !== undefined && !firstLook && !isDeepStrictEqual(decision.status, job.status)) {
      try {
        current = await store.writeStatus(ref, job.metadata.resourceVersion, decision.status);
      } catch (error) {
        if (error instanceof NotFoundError) return;
        if (!(error instanceof ConflictError)) throw error;
        // Someone changed the job since it was read: decide anew on what it is now.
        this.#queue.addAfter(key, 10, 'running');
        return;
      }
      this.#index.put(current);
      if (isTerminal(current.status?.phase)) bus.forget(uid);
      for (const attempt of endedAttempts(job.status, decision.status))
        this.#options.observer?.attemptEnded?.(current, attempt);
    }
    for (const action of decision.actions) {
      try {
        await executeAction(this.#ports, this.#options, current, action);
      } catch (error) {
        if (action.type !== 'startStage') throw error;
        return this.#refused(current, observation, refusalOf(error));
      }
    }

    const phase = current.status?.phase ?? 'Queued';
    if (isTerminal(phase) || (phase === 'Queued' && this.#index.verdict(uid) === undefined)) this.#admission.soon();
    const wait = decision.requeueAt === undefined ? undefined : decision.requeueAt - clock.now();
    if (wait !== undefined && wait < timerHorizonMs) this.#queue.addAfter(key, Math.max(wait, 1));
    this.#options.observer?.reconciled?.(key, clock.monotonic() - began);
  }

  /** Puts on record that the runner does not take a stage, and when it is tried again if it is. */
  async #refused(job: RenderJob, observation: Observation, refusal: Refusal): Promise<void> {
    const { uid, resourceVersion } = job.metadata;
    const decision = decide({ ...observation, job, refusal });
    if (decision.status === undefined) return;
    const current = await this.#ports.store.writeStatus(job.metadata, resourceVersion, decision.status);
    this.#index.giveBack(uid);
    this.#index.put(current);
    for (const attempt of endedAttempts(job.status, decision.status))
      this.#options.observer?.attemptEnded?.(current, attempt);
    for (const action of decision.actions) await executeAction(this.#ports, this.#options, current, action);
    this.#admission.soon();
    const wait = (decision.requeueAt ?? 0) - this.#ports.clock.now();
    if (wait > 0) this.#queue.addAfter(keyOf(job.metadata), wait);
  }

  /** A job and its runs, from the caches where these fit each other. */
  async #look(ref: JobRef): Promise<{ readonly job: RenderJob; readonly runs: readonly StageRun[] } | undefined> {
    const { store, runner } = this.#ports;
    const job = await store.get(ref);
    if (job === undefined) return undefined;
    const runs = await runner.observe(job.metadata.uid);
    if (doubtful(job, runs).length === 0) return { job, runs };
    const latest = await store.get(ref, { fresh: true });
    if (latest === undefined) return undefined;
    return { job: latest, runs: await runner.observe(latest.metadata.uid, { fresh: doubtful(latest, runs) }) };
  }

  /** Repeats a task until the signal, with a wait after each failure that grows to half a minute. */
  async #forever(what: string, signal: AbortSignal, task: () => Promise<void>): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      try {
        await task();
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        failures += 1;
        this.#options.observer?.error?.(what, error);
        await this.#ports.clock
          .sleep(Math.min(30_000, 250 * 2 ** Math.min(failures, 10)), signal)
          .catch(() => undefined);
      }
    }
  }
}

function refOf(key: string): JobRef {
  const slash = key.indexOf('/');
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

function laneOf({ status }: RenderJob): Lane {
  if (isTerminal(status?.phase)) return 'ended';
  return status === undefined || status.phase === 'Queued' ? 'new' : 'running';
}

/** Before its first admission pass a job keeps the words it has. */
function unjudged({ status }: RenderJob): Admission {
  return {
    admitted: false,
    reason: status?.reason ?? 'Accepted',
    message: status?.message ?? 'The job is waiting for its turn.',
  };
}
