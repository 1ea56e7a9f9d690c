import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { CodedError } from '../../errors/coded-error.ts';
import { ChangeFeed } from '../../lib/change-feed.ts';
import { bounds } from '../../model/job/bounds.ts';
import type { StageIdentity, StageSpec } from '../../model/job/stage.ts';
import type { Clock } from '../../ports/clock.ts';
import type { JobRef } from '../../ports/job-store.ts';
import type { ProgressBus } from '../../ports/progress-bus.ts';
import {
  type EndedRun,
  endedRun,
  type LiveRun as LiveStageRun,
  type PoolSlots,
  type RunningRun,
  type RunOutcome,
  type StageRun,
  type StageRunner,
  type StopReason,
  type WaitingRun,
} from '../../ports/stage-runner.ts';
import { workerVariables } from '../../worker-protocol/environment.ts';
import { classifyRunOutcome, notStarted } from '../../worker-protocol/run-outcome.ts';
import { progressOf } from '../../worker-protocol/worker-message.ts';
import type { Database } from '../sqlite/database.ts';
import type { LogLimits } from './bounded-log.ts';
import { RunDirectory, runName } from './run-directory.ts';
import { readLog } from './run-log.ts';
import { RunLogs } from './run-logs.ts';
import { temporaryFolderVariable } from './run-processes.ts';
import { RunRecords } from './run-records.ts';
import { recoverRuns } from './run-recovery.ts';
import { type WorkerCommand, WorkerProcess } from './worker-process.ts';

/** The only pool of a single box. */
const localPool = 'default';

export interface ProcessRunnerOptions {
  readonly database: Database;
  /** Folder of the folders of runs; an absolute path without links. */
  readonly runsDirectory: string;
  readonly worker: WorkerCommand;
  /** Stages that may run at once. */
  readonly slots: number;
  readonly bus: Pick<ProgressBus, 'publish'>;
  readonly clock: Clock;
  /** Name of this machine, as it stands in the status of jobs. */
  readonly node: string;
  /** Told of what goes wrong beside the runs, for the log; must not throw. */
  readonly onError: (what: string, error: unknown) => void;
  /** How long workers of a dead server and, on shutdown, those of this one may take to end, in milliseconds. */
  readonly recoveryGraceMs?: number;
  readonly shutdownGraceMs?: number;
  /** How long the log of a run may grow, and what is kept of one that is longer. */
  readonly logLimits?: LogLimits;
}

interface LiveRun {
  readonly name: string;
  readonly spec: StageSpec;
  run: LiveStageRun;
  worker?: WorkerProcess;
}

interface Changed {
  readonly ref: JobRef;
  readonly uid: string;
}

/** Wait before a start is tried again that could not be put on record, in milliseconds. */
const startAgainMs = 2000;

/** Runs each stage as a child process of this server, a few at a time. */
export class ProcessRunner implements StageRunner, AsyncDisposable {
  readonly #options: ProcessRunnerOptions;
  readonly #records: RunRecords;
  readonly #directory: RunDirectory;
  /** Waiting and running ones, in the order in which they were asked for. */
  readonly #live = new Map<string, LiveRun>();
  /** Ends that could not be put on record yet. */
  readonly #unsaved = new Map<string, EndedRun>();
  readonly #ending = new Set<Promise<void>>();
  readonly #changes = new ChangeFeed<string, Changed>();
  #retry: NodeJS.Timeout | undefined;
  readonly #logs: RunLogs;
  #closed = false;

  private constructor(options: ProcessRunnerOptions, records: RunRecords, directory: RunDirectory) {
    this.#options = options;
    this.#records = records;
    this.#directory = directory;
    const { clock, logLimits: limits, onError } = options;
    this.#logs = new RunLogs({ clock, limits, onError });
  }

  /** Brings the runs of an earlier server to their end first: see `recoverRuns`. Needs the data directory's lock. */
  static async open(options: ProcessRunnerOptions): Promise<ProcessRunner> {
    const records = new RunRecords(options.database);
    const directory = new RunDirectory(options.runsDirectory);
    await recoverRuns({ records, directory, clock: options.clock, graceMs: options.recoveryGraceMs ?? 5000 });
    return new ProcessRunner(options, records, directory);
  }

  async start(spec: StageSpec, { pool }: { readonly pool: string }): Promise<void> {
    const { identity } = spec;
    if (this.#closed) throw new CodedError('CONFLICT', 'Expected a running server, but it is shutting down');
    if (pool !== localPool) {
      throw new CodedError(
        'INVALID_REQUEST',
        `Expected the pool ${localPool}, the only one of a single machine, got ${pool}`,
      );
    }
    const bytes = Buffer.byteLength(JSON.stringify(spec));
    if (bytes > bounds.stageSpecBytes) {
      throw new CodedError(
        'SPEC_INVALID',
        `Expected a stage of at most ${bounds.stageSpecBytes} bytes of JSON, got ${bytes}`,
      );
    }
    const name = runName(identity);
    if (this.#live.has(name) || this.#records.get(identity) !== undefined) return;
    const waitingFor = waiting(`All ${this.#options.slots} workers are busy.`);
    this.#live.set(name, { name, spec, run: { identity, state: 'waiting', waitingFor } });
    this.#changed(identity);
    this.#startNext();
  }

  async stop(
    identity: StageIdentity,
    { graceMs, reason }: { readonly graceMs: number; readonly reason: StopReason },
  ): Promise<void> {
    const live = this.#live.get(runName(identity));
    if (live === undefined || live.run.stopReason !== undefined) return;
    live.run = { ...live.run, stopReason: reason };
    if (live.run.state === 'waiting') {
      this.#finish(live, { state: 'failed', message: 'The stage was ended before it started.' });
      return;
    }
    this.#attempt('record a stop', () => this.#records.saveStop(identity, reason));
    live.worker?.end(graceMs);
    this.#changed(identity);
  }

  async observe(uid: string): Promise<readonly StageRun[]> {
    const known = new Map<string, StageRun>(this.#records.ofJob(uid).map((run) => [runName(run.identity), run]));
    for (const [name, run] of this.#unsaved) if (run.identity.uid === uid) known.set(name, run);
    for (const [name, { run }] of this.#live) if (run.identity.uid === uid) known.set(name, run);
    return [...known.values()].toSorted((a, b) => a.identity.attempt - b.identity.attempt);
  }

  watch(signal: AbortSignal): AsyncIterable<Changed> {
    const initial = [...this.#live.values()].map(({ run }) => [run.identity.uid, changeOf(run.identity)] as const);
    return this.#changes.subscribe(signal, { initial });
  }

  async slots(): Promise<readonly PoolSlots[]> {
    return [{ pool: localPool, slots: this.#options.slots, gpu: 'unknown' }];
  }

  /** The number of workers stays as it is. */
  watchSlots(signal: AbortSignal): AsyncIterable<void> {
    return { [Symbol.asyncIterator]: () => untilAborted(signal) };
  }

  async forget(uid: string): Promise<void> {
    for (const { identity } of await this.observe(uid)) {
      const name = runName(identity);
      if (this.#live.has(name)) continue;
      // Files first: a crash in between leaves a record, by which they are found again.
      await this.#directory.remove(name);
      this.#records.forget(identity);
      this.#unsaved.delete(name);
    }
  }

  logs(
    identity: StageIdentity,
    { follow, signal }: { readonly follow: boolean; readonly signal: AbortSignal },
  ): AsyncIterable<Uint8Array> {
    const name = runName(identity);
    if (!this.#live.has(name) && this.#records.get(identity) === undefined && !this.#unsaved.has(name)) {
      throw new CodedError('NOT_FOUND', `Expected a stage that was started, got ${name}, of which nothing is known`);
    }
    const { log: path } = this.#directory.pathsOf(name);
    const shrunk = this.#logs.shrunkOf(name);
    return readLog({ path, clock: this.#options.clock, signal, isLive: () => follow && this.#live.has(name), shrunk });
  }

  /** Ends all workers, within ten seconds whatever they do. What they leave is on record; what waits is dropped. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    for (const { name, run, worker } of this.#live.values()) {
      if (run.state === 'waiting') this.#live.delete(name);
      worker?.end(this.#options.shutdownGraceMs ?? 8000);
    }
    // A process in an uninterruptible wait outlives SIGKILL; the next server finds it.
    const deadline = wait((this.#options.shutdownGraceMs ?? 8000) + 1500, undefined, { ref: false });
    await Promise.race([Promise.all(this.#ending), deadline]);
    this.#logs[Symbol.dispose]();
  }

  #startNext(): void {
    if (this.#closed) return;
    let free = this.#options.slots - this.#ending.size;
    for (const live of this.#live.values()) {
      if (free <= 0) return;
      if (live.run.state !== 'waiting') continue;
      if (!this.#launch(live, live.run)) return;
      free -= 1;
    }
  }

  /** Starts a run that waited; false when it could not be put on record, in which case it waits on. */
  #launch(live: LiveRun, waitingRun: WaitingRun): boolean {
    const { clock, node } = this.#options;
    const { identity } = waitingRun;
    const started: RunningRun = { identity, state: 'running', node, startedAt: clock.now() };
    try {
      this.#records.save(started);
    } catch (error) {
      this.#options.onError(`start ${live.name}`, error);
      live.run = { ...waitingRun, waitingFor: waiting('The database cannot be written.') };
      clearTimeout(this.#retry);
      this.#retry = setTimeout(() => this.#startNext(), startAgainMs);
      return false;
    }
    live.run = started;
    const ending = this.#runToEnd(live).finally(() => {
      this.#ending.delete(ending);
      this.#startNext();
    });
    this.#ending.add(ending);
    this.#changed(identity);
    return true;
  }

  /** Runs one worker and puts its end on record; never rejects. */
  async #runToEnd(live: LiveRun): Promise<void> {
    let end: RunOutcome;
    try {
      const worker = this.#spawn(live);
      live.worker = worker;
      this.#attempt('record a process', () => {
        const process = worker.identify();
        if (process !== undefined) this.#records.saveProcess(live.run.identity, process);
      });
      const exit = await worker.ended;
      const result = await this.#directory.readResult(live.name);
      const { stopReason } = live.run;
      end = classifyRunOutcome({
        result,
        exit,
        shutdown: this.#closed,
        ...(stopReason === undefined ? {} : { stopReason }),
      });
    } catch (error) {
      end = notStarted(error);
    }
    this.#logs.end(live.name);
    try {
      await this.#directory.removeScratch(live.name);
    } catch (error) {
      this.#options.onError(`remove the scratch folder of ${live.name}`, error);
    }
    this.#finish(live, end);
  }

  #spawn({ name, spec }: LiveRun): WorkerProcess {
    const { worker, bus } = this.#options;
    return this.#directory.prepare(name, (paths, log) => {
      this.#logs.begin(name, paths.log);
      const env = {
        ...worker.env,
        ...workerVariables({ stage: JSON.stringify(spec), resultFile: paths.result, scratchDir: paths.scratch }),
        [temporaryFolderVariable]: paths.scratch,
      };
      const onMessage = (message: unknown): void => {
        const news = progressOf(message, spec.identity);
        if (news !== undefined) bus.publish(news);
      };
      return new WorkerProcess({ ...worker, env, folder: paths.root, log, onMessage });
    });
  }

  #finish(live: LiveRun, end: RunOutcome): void {
    const { identity } = live.run;
    const ended = endedRun(live.run, end, this.#options.clock.now());
    // Kept in memory for as long as it can't be saved; after a crash it is found again by what the worker left.
    this.#unsaved.set(live.name, ended);
    for (const [name, unsaved] of this.#unsaved) {
      if (this.#attempt('record an end', () => this.#records.save(unsaved))) this.#unsaved.delete(name);
    }
    this.#live.delete(live.name);
    this.#changed(identity);
  }

  #attempt(what: string, work: () => void): boolean {
    try {
      work();
      return true;
    } catch (error) {
      this.#options.onError(what, error);
      return false;
    }
  }

  #changed(identity: StageIdentity): void {
    this.#changes.publish(identity.uid, changeOf(identity));
  }
}

/** A wait for this server, which has no limit. */
function waiting(message: string): WaitingRun['waitingFor'] {
  return { cause: 'Starting', message };
}

function changeOf({ namespace, name, uid }: StageIdentity): Changed {
  return { ref: { namespace, name }, uid };
}

async function* untilAborted(signal: AbortSignal): AsyncGenerator<void> {
  if (!signal.aborted) await once(signal, 'abort');
  yield* [];
}
