import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { CodedError } from '../../errors/coded-error.ts';
import { bounds } from '../../model/job/bounds.ts';
import type { StageIdentity, StageSpec } from '../../model/job/stage.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ProgressBus } from '../../ports/progress-bus.ts';
import type { PoolSlots, RunningRun, StageRun, StageRunner, StopReason, WaitingRun } from '../../ports/stage-runner.ts';
import type { Database } from '../sqlite/database.ts';
import type { LogLimits } from './bounded-log.ts';
import { RunDirectory, runName } from './run-directory.ts';
import { executeRun } from './run-execution.ts';
import { readLog } from './run-log.ts';
import { RunLogs } from './run-logs.ts';
import { RunRecords } from './run-records.ts';
import { recoverRuns } from './run-recovery.ts';
import { type LiveEntry, type RunChange, RunRegistry } from './run-registry.ts';
import type { WorkerCommand, WorkerProcess } from './worker-process.ts';

/** The only pool of a single machine. */
const localPool = 'default';

export interface ProcessRunnerOptions {
  readonly database: Database;
  /** Folder of the folders of runs; an absolute path without links. */
  readonly runsDirectory: string;
  readonly worker: WorkerCommand;
  /** Stages that may run in parallel. */
  readonly slots: number;
  readonly bus: Pick<ProgressBus, 'publish'>;
  readonly clock: Clock;
  /** Name of this machine, as it stands in the status of jobs. */
  readonly node: string;
  /** Called with failures outside of the runs themselves, for the log: "failed to <action>". Must not throw. */
  readonly onError: (action: string, error: unknown) => void;
  /** How long workers of an earlier server may take to end, in milliseconds. */
  readonly recoveryGraceMs?: number;
  /** The same on shutdown for the workers of this server. */
  readonly shutdownGraceMs?: number;
  /** Size limit of the log of a run, and what is kept of a longer one. */
  readonly logLimits?: LogLimits;
}

/** Wait before the next try to start a run whose start could not be saved, in milliseconds. */
const startRetryMs = 2000;

/** Runs each stage as a child process of this server, in a limited number of slots. */
export class ProcessRunner implements StageRunner, AsyncDisposable {
  readonly #options: ProcessRunnerOptions;
  readonly #runs: RunRegistry;
  readonly #directory: RunDirectory;
  readonly #logs: RunLogs;
  /** The executions in progress; each holds a slot. */
  readonly #executions = new Set<Promise<void>>();
  readonly #shutdownGraceMs: number;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  private constructor(options: ProcessRunnerOptions, records: RunRecords, directory: RunDirectory) {
    const { clock, logLimits: limits, onError, shutdownGraceMs = 8000 } = options;
    this.#options = options;
    this.#directory = directory;
    this.#runs = new RunRegistry({ records, clock, onError });
    this.#logs = new RunLogs({ clock, limits, onError });
    this.#shutdownGraceMs = shutdownGraceMs;
  }

  /** Ends the runs of an earlier server first: see `recoverRuns`. Needs the data directory's lock. */
  static async open(options: ProcessRunnerOptions): Promise<ProcessRunner> {
    const records = new RunRecords(options.database);
    const directory = new RunDirectory(options.runsDirectory);
    await recoverRuns({ records, directory, clock: options.clock, graceMs: options.recoveryGraceMs ?? 5000 });
    return new ProcessRunner(options, records, directory);
  }

  async start(spec: StageSpec, { pool }: { readonly pool: string }): Promise<void> {
    if (this.#closed) throw new CodedError('CONFLICT', 'Expected a running server, but it is shutting down');
    checkStage(spec, pool);
    const { identity } = spec;
    if (this.#runs.isKnown(identity)) return;
    const waitingFor = waitingWith(`All ${this.#options.slots} workers are busy.`);
    this.#runs.add(spec, { identity, state: 'waiting', waitingFor });
    this.#startNext();
  }

  async stop(
    identity: StageIdentity,
    { graceMs, reason }: { readonly graceMs: number; readonly reason: StopReason },
  ): Promise<void> {
    const entry = this.#runs.find(identity);
    if (entry === undefined || entry.run.stopReason !== undefined) return;
    this.#runs.noteStop(entry, reason);
    if (entry.run.state === 'waiting') {
      this.#runs.end(entry, { state: 'failed', message: 'The stage was ended before it started.' });
    } else entry.worker?.end(graceMs);
  }

  async observe(uid: string): Promise<readonly StageRun[]> {
    return this.#runs.ofJob(uid);
  }

  watch(signal: AbortSignal): AsyncIterable<RunChange> {
    return this.#runs.watch(signal);
  }

  async slots(): Promise<readonly PoolSlots[]> {
    return [{ pool: localPool, slots: this.#options.slots, gpu: 'unknown' }];
  }

  /** Yields nothing: the number of slots never changes. */
  watchSlots(signal: AbortSignal): AsyncIterable<void> {
    return { [Symbol.asyncIterator]: () => nothingUntil(signal) };
  }

  async forget(uid: string): Promise<void> {
    for (const { identity } of this.#runs.ofJob(uid)) {
      if (this.#runs.find(identity) !== undefined) continue;
      // Files first: a crash in between leaves a record, by which they are found again.
      await this.#directory.remove(runName(identity));
      this.#runs.forget(identity);
    }
  }

  logs(
    identity: StageIdentity,
    { follow, signal }: { readonly follow: boolean; readonly signal: AbortSignal },
  ): AsyncIterable<Uint8Array> {
    const name = runName(identity);
    if (!this.#runs.isKnown(identity)) {
      throw new CodedError('NOT_FOUND', `Expected a stage that was started, got ${name}, which was not`);
    }
    const { log: path } = this.#directory.pathsOf(name);
    const isLive = (): boolean => follow && this.#runs.find(identity) !== undefined;
    return readLog({ path, clock: this.#options.clock, signal, isLive, shrunk: this.#logs.shrunkOf(name) });
  }

  /** Ends all workers, in `shutdownGraceMs` and 1.5 s at most, and saves their ends; waiting runs are dropped. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    for (const entry of this.#runs.live()) {
      if (entry.run.state === 'waiting') this.#runs.drop(entry);
      entry.worker?.end(this.#shutdownGraceMs);
    }
    // A process in an uninterruptible wait outlives SIGKILL; the next server finds it.
    const deadline = wait(this.#shutdownGraceMs + 1500, undefined, { ref: false });
    await Promise.race([Promise.all(this.#executions), deadline]);
    this.#logs[Symbol.dispose]();
  }

  #startNext(): void {
    if (this.#closed) return;
    let free = this.#options.slots - this.#executions.size;
    for (const entry of this.#runs.live()) {
      if (free <= 0) return;
      if (entry.run.state !== 'waiting') continue;
      if (!this.#launch(entry, entry.run)) return;
      free -= 1;
    }
  }

  /** Starts a waiting run; false when its start could not be saved, in which case it waits for the next try. */
  #launch(entry: LiveEntry, waiting: WaitingRun): boolean {
    const { clock, node } = this.#options;
    const running: RunningRun = { identity: waiting.identity, state: 'running', node, startedAt: clock.now() };
    if (!this.#runs.begin(entry, running)) {
      entry.run = { ...waiting, waitingFor: waitingWith('The database cannot be written.') };
      clearTimeout(this.#retry);
      this.#retry = setTimeout(() => this.#startNext(), startRetryMs);
      return false;
    }
    const execution = this.#execute(entry).finally(() => {
      this.#executions.delete(execution);
      this.#startNext();
    });
    this.#executions.add(execution);
    return true;
  }

  /** Runs one worker and saves its end; never rejects. */
  async #execute(entry: LiveEntry): Promise<void> {
    const { worker, bus, onError } = this.#options;
    const outcome = await executeRun(entry, {
      directory: this.#directory,
      logs: this.#logs,
      worker,
      bus,
      onError,
      onSpawn: (process) => this.#spawned(entry, process),
      isShuttingDown: () => this.#closed,
    });
    this.#runs.end(entry, outcome);
  }

  #spawned(entry: LiveEntry, worker: WorkerProcess): void {
    entry.worker = worker;
    const identity = worker.identify();
    if (identity !== undefined) this.#runs.saveProcess(entry, identity);
  }
}

/** Throws `INVALID_REQUEST` or `SPEC_INVALID` for a stage that cannot run here. */
function checkStage(spec: StageSpec, pool: string): void {
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
}

/** A wait for this server, which has no limit. */
function waitingWith(message: string): WaitingRun['waitingFor'] {
  return { cause: 'Starting', message };
}

async function* nothingUntil(signal: AbortSignal): AsyncGenerator<void> {
  if (!signal.aborted) await once(signal, 'abort');
  yield* [];
}
