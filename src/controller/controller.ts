import { isDeepStrictEqual } from 'node:util';
import type { Attempt, RenderJob, RenderJobStatus } from '../model/job/render-job.ts';
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
import type { Action } from './reconcile/actions.ts';
import { decide } from './reconcile/decide.ts';
import type { Admission, Decision, Observation, Rejection } from './reconcile/decision.ts';
import { endedAttempts } from './reconcile/ended-attempts.ts';
import { executeAction } from './reconcile/execute-action.ts';
import { stagesToRefresh } from './reconcile/freshness.ts';
import { startRejection } from './reconcile/stage-start.ts';
import { type PriorityClass, WorkQueue, type WorkQueueObserver } from './work-queue.ts';

export interface ControllerPorts {
  readonly store: JobStore;
  readonly runner: StageRunner;
  readonly bus: ProgressBus;
  readonly objects: ObjectStore;
  readonly clock: Clock;
}

/** Callbacks for logs, metrics and Kubernetes Events. They must not throw. */
export interface ControllerObserver {
  readonly event?: (job: RenderJob, level: 'Normal' | 'Warning', reason: string, message: string) => void;
  /** Called once per attempt, when its end has been recorded. */
  readonly attemptEnded?: (job: RenderJob, attempt: Attempt) => void;
  readonly reconciled?: (key: string, milliseconds: number) => void;
  readonly error?: (what: string, error: unknown) => void;
}

export interface ControllerOptions {
  readonly policy: Policy;
  readonly concurrency?: number;
  readonly observer?: ControllerObserver;
  /** For metrics of the queue. */
  readonly queueObserver?: WorkQueueObserver;
  /** Interval between two searches for expired jobs, in milliseconds. */
  readonly expiryIntervalMs?: number;
}

export interface ControllerStats {
  readonly unfinished: number;
  readonly queueDepth: number;
  readonly active: number;
  /** How long the oldest waiting key has waited and the longest running handler has run, in milliseconds. */
  readonly oldestWaitMs: number;
  readonly longestRunMs: number;
}

/** Longest wait that is kept as a timer; the search for expired jobs covers later instants. */
const timerHorizonMs = 10 * 60_000;

/** Pause before a job is reconciled again whose status could not be written because it had changed. */
const conflictRetryMs = 10;

/** Limits how often queue positions are written: at most so many jobs per interval. */
const positionUpdates = { batch: 100, intervalMs: 10_000 } as const;

/** Observes, decides, writes one status, then executes actions: with its parts, the only code that calls the ports. */
export class Controller {
  readonly #ports: ControllerPorts;
  readonly #options: ControllerOptions;
  readonly #index = new JobIndex();
  readonly #queue: WorkQueue;
  readonly #removedFiles: RemovedJobFiles;
  readonly #admission: AdmissionPasses;

  constructor(ports: ControllerPorts, options: ControllerOptions) {
    this.#ports = ports;
    this.#options = options;
    this.#queue = new WorkQueue((key) => this.#reconcile(key), {
      clock: ports.clock,
      concurrency: options.concurrency ?? 4,
      onError: (key, error) => options.observer?.error?.(`reconcile ${key}`, error),
      ...(options.queueObserver === undefined ? {} : { observer: options.queueObserver }),
    });
    const schedule = (key: string, milliseconds: number): void => this.#queue.addAfter(key, milliseconds);
    this.#removedFiles = new RemovedJobFiles(ports, schedule, options.observer?.error);
    this.#admission = new AdmissionPasses(ports, this.#index, options.policy, {
      changed: (key, admitted) => this.#queue.add(key, admitted ? 'start' : 'new'),
      error: (error) => options.observer?.error?.('admission', error),
    });
  }

  get stats(): ControllerStats {
    const { depth, active, oldestWaitMs, longestRunMs } = this.#queue;
    return { unfinished: this.#index.size, queueDepth: depth, active, oldestWaitMs, longestRunMs };
  }

  /** Runs until the signal; resolves when the last reconcile has ended. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([
      this.#repeat('watch jobs', signal, () => this.#watchJobs(signal)),
      this.#repeat('watch runs', signal, () => this.#watchRuns(signal)),
      this.#repeat('watch slots', signal, () => this.#watchSlots(signal)),
      this.#repeat('update queue positions', signal, () => this.#updateQueuePositions(signal)),
      this.#repeat('watch progress', signal, () => this.#watchProgress(signal)),
      this.#repeat('find expired jobs', signal, () => this.#findExpired(signal)),
    ]);
    await this.#queue.close();
  }

  async #watchJobs(signal: AbortSignal): Promise<void> {
    for await (const { type, job } of this.#ports.store.watch(signal)) {
      const key = keyOf(job.metadata);
      if (type === 'removed') {
        this.#index.drop(key);
        this.#ports.bus.forget(job.metadata.uid);
        this.#removedFiles.add(job);
        this.#admission.schedule();
        continue;
      }
      this.#index.put(job);
      const priority = priorityOf(job);
      const needsAdmission = priority === 'new' && this.#index.admission(job.metadata.uid) === undefined;
      // A slot became free or is requested: one pass decides about all queued jobs before each is reconciled.
      if (priority === 'ended' || needsAdmission) this.#admission.schedule();
      this.#queue.add(key, priority);
    }
  }

  async #watchRuns(signal: AbortSignal): Promise<void> {
    for await (const { ref, uid } of this.#ports.runner.watch(signal)) {
      if (!this.#index.has(keyOf(ref), uid)) await this.#addIfRemoved(ref, uid);
      this.#queue.add(keyOf(ref), 'running');
    }
  }

  /** The worker of a job that was removed unobserved may still publish: its files are removed when it has ended. */
  async #addIfRemoved(ref: JobRef, uid: string): Promise<void> {
    const { runner, store } = this.#ports;
    if (!(await runner.observe(uid)).some(isLive)) return;
    if ((await store.get(ref))?.metadata.uid !== uid) this.#removedFiles.addUid(uid, ref);
  }

  async #watchSlots(signal: AbortSignal): Promise<void> {
    for await (const _ of this.#ports.runner.watchSlots(signal)) this.#admission.schedule();
  }

  async #updateQueuePositions(signal: AbortSignal): Promise<void> {
    await this.#ports.clock.sleep(positionUpdates.intervalMs, signal);
    for (const key of this.#index.takePositionUpdates(positionUpdates.batch)) this.#queue.add(key, 'resync');
  }

  async #watchProgress(signal: AbortSignal): Promise<void> {
    const { bus, clock } = this.#ports;
    for await (const message of bus.subscribe({}, { signal })) {
      const key = keyOf(message);
      if (!this.#index.has(key)) continue;
      const written = this.#index.progressAt(key);
      const wait = written === undefined ? 0 : written + this.#options.policy.statusProgressIntervalMs - clock.now();
      this.#queue.addAfter(key, wait, 'running');
    }
  }

  async #findExpired(signal: AbortSignal): Promise<void> {
    const { store, clock } = this.#ports;
    for (const job of await store.listExpired(clock.now(), 500)) this.#queue.add(keyOf(job.metadata), 'resync');
    await clock.sleep(this.#options.expiryIntervalMs ?? 60_000, signal);
  }

  async #reconcile(key: string): Promise<void> {
    const { clock } = this.#ports;
    const startedAt = clock.monotonic();
    const ref = refOf(key);
    await this.#removedFiles.cleanUp(ref);
    const observation = await this.#observe(ref);
    if (observation === undefined) {
      this.#index.drop(key);
      return;
    }
    const decision = decide(observation);
    const job = await this.#write(observation.job, this.#statusToWrite(observation.job, decision));
    if (job === undefined) return;
    const rejection = await this.#execute(job, decision.actions);
    if (rejection !== undefined) return this.#reject(job, observation, rejection);
    this.#requeue(job, decision);
    this.#options.observer?.reconciled?.(key, clock.monotonic() - startedAt);
  }

  /** All that a decision about a job depends on; `undefined` when it does not exist. */
  async #observe(ref: JobRef): Promise<Observation | undefined> {
    const found = await this.#consistentState(ref);
    if (found === undefined) return undefined;
    const { uid } = found.job.metadata;
    return {
      ...found,
      admission: this.#index.admission(uid) ?? presentAdmission(found.job),
      progress: this.#ports.bus.latest(uid),
      now: this.#ports.clock.now(),
      policy: this.#options.policy,
    };
  }

  /** A job and its runs: from the caches, and past these where the two contradict each other. */
  async #consistentState(ref: JobRef): Promise<Pick<Observation, 'job' | 'runs'> | undefined> {
    const { store, runner } = this.#ports;
    const job = await store.get(ref);
    if (job === undefined) return undefined;
    const runs: readonly StageRun[] = await runner.observe(job.metadata.uid);
    if (stagesToRefresh(job, runs).length === 0) return { job, runs };
    const latest = await store.get(ref, { fresh: true });
    if (latest === undefined) return undefined;
    const fresh = stagesToRefresh(latest, runs);
    return { job: latest, runs: await runner.observe(latest.metadata.uid, { fresh }) };
  }

  /** The status of a decision; `undefined` when no write is needed. */
  #statusToWrite(job: RenderJob, { status }: Decision): RenderJobStatus | undefined {
    if (status === undefined || isDeepStrictEqual(status, job.status)) return undefined;
    // A new job gets its first status from its first admission pass, which saves a write.
    const isBeforeAdmission = job.status === undefined && this.#index.admission(job.metadata.uid) === undefined;
    return isBeforeAdmission && status.phase === 'Queued' && status.reason === 'Accepted' ? undefined : status;
  }

  /** Writes a status; returns the job as it is now, `undefined` when it was changed or removed in the meantime. */
  async #write(job: RenderJob, status: RenderJobStatus | undefined): Promise<RenderJob | undefined> {
    if (status === undefined) return job;
    const { metadata } = job;
    try {
      return this.#written(
        job,
        await this.#ports.store.writeStatus(metadata, metadata.resourceVersion, status),
        status,
      );
    } catch (error) {
      if (error instanceof NotFoundError) return undefined;
      if (!(error instanceof ConflictError)) throw error;
      this.#queue.addAfter(keyOf(metadata), conflictRetryMs, 'running');
      return undefined;
    }
  }

  #written(before: RenderJob, job: RenderJob, status: RenderJobStatus): RenderJob {
    this.#index.put(job);
    if (isTerminal(job.status?.phase)) this.#ports.bus.forget(job.metadata.uid);
    for (const attempt of endedAttempts(before.status, status)) this.#options.observer?.attemptEnded?.(job, attempt);
    return job;
  }

  /** Executes actions in order; stops and returns the rejection when the runner rejects a stage. */
  async #execute(job: RenderJob, actions: readonly Action[]): Promise<Rejection | undefined> {
    for (const action of actions) {
      try {
        await executeAction(this.#ports, this.#options, job, action);
      } catch (error) {
        if (action.type !== 'startStage') throw error;
        return startRejection(error);
      }
    }
    return undefined;
  }

  /** Records that the runner rejects a stage, and when the start is tried again if it is. */
  async #reject(job: RenderJob, observation: Observation, rejection: Rejection): Promise<void> {
    const { metadata } = job;
    const decision = decide({ ...observation, job, rejection });
    if (decision.status === undefined) return;
    const written = await this.#ports.store.writeStatus(metadata, metadata.resourceVersion, decision.status);
    this.#index.release(metadata.uid);
    this.#written(job, written, decision.status);
    for (const action of decision.actions) await executeAction(this.#ports, this.#options, written, action);
    this.#admission.schedule();
    const wait = (decision.requeueAt ?? 0) - this.#ports.clock.now();
    if (wait > 0) this.#queue.addAfter(keyOf(metadata), wait);
  }

  /** Schedules what follows a decision: an admission pass for a slot that was freed or is needed, and the next reconcile. */
  #requeue({ metadata, status }: RenderJob, { requeueAt }: Decision): void {
    const phase = status?.phase ?? 'Queued';
    const needsAdmission = phase === 'Queued' && this.#index.admission(metadata.uid) === undefined;
    if (isTerminal(phase) || needsAdmission) this.#admission.schedule();
    if (requeueAt === undefined) return;
    const wait = requeueAt - this.#ports.clock.now();
    if (wait < timerHorizonMs) this.#queue.addAfter(keyOf(metadata), Math.max(wait, 1));
  }

  /** Repeats a task until the signal, with a pause after each failure that grows to half a minute. */
  async #repeat(what: string, signal: AbortSignal, task: () => Promise<void>): Promise<void> {
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

function priorityOf({ status }: RenderJob): PriorityClass {
  if (isTerminal(status?.phase)) return 'ended';
  return status === undefined || status.phase === 'Queued' ? 'new' : 'running';
}

/** Before its first admission pass a job keeps the reason and message that it has. */
function presentAdmission({ status }: RenderJob): Admission {
  return {
    admitted: false,
    reason: status?.reason ?? 'Accepted',
    message: status?.message ?? 'The job is waiting for its turn.',
    queuePosition: status?.queuePosition,
  };
}
