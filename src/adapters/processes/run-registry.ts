import { ChangeFeed } from '../../lib/change-feed.ts';
import type { StageIdentity, StageSpec } from '../../model/job/stage.ts';
import type { Clock } from '../../ports/clock.ts';
import type { JobRef } from '../../ports/job-store.ts';
import {
  type EndedRun,
  endedRun,
  type LiveRun,
  type RunningRun,
  type RunOutcome,
  type StageRun,
  type StopReason,
  type WaitingRun,
} from '../../ports/stage-runner.ts';
import type { ProcessIdentity } from './process-identity.ts';
import { runName } from './run-directory.ts';
import type { RunRecords } from './run-records.ts';
import type { WorkerProcess } from './worker-process.ts';

/** A run that waits or runs. */
export interface LiveEntry {
  /** Name of its folder. */
  readonly name: string;
  readonly spec: StageSpec;
  run: LiveRun;
  worker?: WorkerProcess;
}

/** The job of a run that changed. */
export interface RunChange {
  readonly ref: JobRef;
  readonly uid: string;
}

export interface RunRegistryOptions {
  readonly records: RunRecords;
  readonly clock: Pick<Clock, 'now'>;
  readonly onError: (action: string, error: unknown) => void;
}

/**
 * All runs of the data directory: live ones in memory, started ones in the database too, and in memory those whose end
 * could not be saved yet. Every change is published.
 */
export class RunRegistry {
  readonly #records: RunRecords;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #onError: RunRegistryOptions['onError'];
  /** In the order in which they were added. */
  readonly #live = new Map<string, LiveEntry>();
  readonly #unsaved = new Map<string, EndedRun>();
  readonly #changes = new ChangeFeed<string, RunChange>();

  constructor({ records, clock, onError }: RunRegistryOptions) {
    this.#records = records;
    this.#clock = clock;
    this.#onError = onError;
  }

  /** Waiting and running ones, in the order in which they were added. */
  live(): Iterable<LiveEntry> {
    return this.#live.values();
  }

  find(identity: StageIdentity): LiveEntry | undefined {
    return this.#live.get(runName(identity));
  }

  /** Whether there is or was a run of this identity. */
  isKnown(identity: StageIdentity): boolean {
    const name = runName(identity);
    return this.#live.has(name) || this.#unsaved.has(name) || this.#records.get(identity) !== undefined;
  }

  /** All runs of a job, oldest attempt first. */
  ofJob(uid: string): StageRun[] {
    const known = new Map<string, StageRun>(this.#records.ofJob(uid).map((run) => [runName(run.identity), run]));
    for (const [name, run] of this.#unsaved) if (run.identity.uid === uid) known.set(name, run);
    for (const [name, { run }] of this.#live) if (run.identity.uid === uid) known.set(name, run);
    return [...known.values()].toSorted((a, b) => a.identity.attempt - b.identity.attempt);
  }

  /** The jobs that have live runs, then those of every run that changes. */
  watch(signal: AbortSignal): AsyncIterable<RunChange> {
    const initial = [...this.#live.values()].map(({ run }) => [run.identity.uid, changeOf(run.identity)] as const);
    return this.#changes.subscribe(signal, { initial });
  }

  add(spec: StageSpec, run: WaitingRun): void {
    const name = runName(run.identity);
    this.#live.set(name, { name, spec, run });
    this.#publish(run.identity);
  }

  /** Saves that a run begins, before its process exists; false when that is not possible. */
  begin(entry: LiveEntry, run: RunningRun): boolean {
    if (!this.#try(`start ${entry.name}`, () => this.#records.save(run))) return false;
    entry.run = run;
    this.#publish(run.identity);
    return true;
  }

  saveProcess({ run }: LiveEntry, process: ProcessIdentity): void {
    this.#try('record a process', () => this.#records.saveProcess(run.identity, process));
  }

  /** Notes that a run was asked to end. */
  noteStop(entry: LiveEntry, reason: StopReason): void {
    entry.run = { ...entry.run, stopReason: reason };
    if (entry.run.state === 'waiting') return;
    this.#try('record a stop', () => this.#records.saveStop(entry.run.identity, reason));
    this.#publish(entry.run.identity);
  }

  /** Ends a live run. An end that cannot be saved stays in memory until it can; after a crash it is recovered. */
  end(entry: LiveEntry, outcome: RunOutcome): void {
    this.#unsaved.set(entry.name, endedRun(entry.run, outcome, this.#clock.now()));
    for (const [name, run] of this.#unsaved) {
      if (this.#try('record an end', () => this.#records.save(run))) this.#unsaved.delete(name);
    }
    this.#live.delete(entry.name);
    this.#publish(entry.run.identity);
  }

  /** Drops a waiting run without a trace. */
  drop({ name }: LiveEntry): void {
    this.#live.delete(name);
  }

  /** Removes the record of a run that ended. */
  forget(identity: StageIdentity): void {
    this.#records.forget(identity);
    this.#unsaved.delete(runName(identity));
  }

  #publish(identity: StageIdentity): void {
    this.#changes.publish(identity.uid, changeOf(identity));
  }

  #try(action: string, work: () => void): boolean {
    try {
      work();
      return true;
    } catch (error) {
      this.#onError(action, error);
      return false;
    }
  }
}

function changeOf({ namespace, name, uid }: StageIdentity): RunChange {
  return { ref: { namespace, name }, uid };
}
