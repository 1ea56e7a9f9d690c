import { isDeepStrictEqual } from 'node:util';
import { defaultPolicy, type Policy } from '../../src/controller/policies/policy.ts';
import { decide } from '../../src/controller/reconcile/decide.ts';
import type { ErrorCode } from '../../src/errors/error-table.ts';
import type { RenderJob, RenderJobSpec } from '../../src/model/job/render-job.ts';
import { isTerminal } from '../../src/model/status/lifecycle.ts';
import {
  endedRun,
  isLive,
  type LiveRun,
  type RunOutcome,
  type StageRun,
  type WaitCause,
} from '../../src/ports/stage-runner.ts';
import { aJob, aResult, epoch } from './jobs.ts';

export type Step =
  | {
      readonly do: 'reconcile' /** The process crashes after this many writes and actions. */;
      readonly crashAfter?: number;
    }
  | { readonly do: 'begin' }
  /** The reason why a run has not begun, as a cluster reports it. */
  | { readonly do: 'wait'; readonly cause: WaitCause; readonly words: string }
  /** Kueue preempts the run: it has ended, and may begin again unless it is stopped. */
  | { readonly do: 'preempt' }
  | { readonly do: 'end'; readonly state: 'succeeded' | 'lost' }
  | { readonly do: 'end'; readonly state: 'failed'; readonly code: ErrorCode; readonly exitCode: number }
  | { readonly do: 'progress'; readonly percent: number; readonly attempt?: number }
  | { readonly do: 'patch'; readonly spec: Partial<RenderJobSpec> }
  | { readonly do: 'delete' }
  | { readonly do: 'pass'; readonly milliseconds: number };

/**
 * One job with its runs as the ports report them, and a controller that may crash between any two writes. It counts what
 * `decide` cannot observe: how often a stage was started.
 */
export class World {
  job: RenderJob | undefined = aJob();
  readonly runs: StageRun[] = [];
  readonly starts = new Map<string, number>();
  readonly statuses: NonNullable<RenderJob['status']>[] = [];
  now = epoch + 1000;
  #sequence = 0;
  #progress: Parameters<typeof decide>[0]['progress'];
  readonly policy: Policy = { ...defaultPolicy, maxDisruptions: 5 };

  constructor(spec: Partial<RenderJobSpec> = {}) {
    this.job = aJob(spec);
  }

  get live(): LiveRun[] {
    return this.runs.filter(isLive);
  }

  take(step: Step): void {
    if (this.job === undefined) return;
    switch (step.do) {
      case 'reconcile':
        this.reconcile(step.crashAfter);
        return;
      case 'begin':
        this.#begin();
        return;
      case 'wait': {
        const run = this.runs.find(({ state }) => state === 'waiting');
        if (run?.state !== 'waiting') return;
        const known = run.waitingFor;
        const since = known.cause === step.cause ? (known.since ?? this.now) : this.now;
        this.#replace(run, { ...run, waitingFor: { cause: step.cause, since, message: step.words } });
        return;
      }
      case 'preempt':
        this.#end({ state: 'lost', infrastructure: true, message: 'Kueue took the slot away.' }, true);
        return;
      case 'end':
        this.#end(outcomeOf(step));
        return;
      case 'progress': {
        const { namespace, name, uid } = this.job.metadata;
        const attempt = step.attempt ?? this.job.status?.attempt ?? 1;
        this.#sequence += 1;
        this.#progress = {
          namespace,
          name,
          uid,
          attempt,
          sequence: this.#sequence,
          progress: { percent: step.percent, step: 'encoding', updatedAt: new Date(this.now).toISOString() },
        };
        return;
      }
      case 'patch': {
        const cancelled = this.job.spec.cancelled === true ? { cancelled: true } : {};
        this.job = {
          ...this.job,
          spec: { ...this.job.spec, ...step.spec, ...cancelled },
          metadata: { ...this.job.metadata, generation: this.job.metadata.generation + 1 },
        };
        return;
      }
      case 'delete':
        this.job = {
          ...this.job,
          metadata: { ...this.job.metadata, deletionTimestamp: new Date(this.now).toISOString() },
        };
        return;
      case 'pass':
        this.now += step.milliseconds;
    }
  }

  /** One reconcile; returns whether it wrote or executed anything. */
  reconcile(crashAfter = Number.POSITIVE_INFINITY): boolean {
    const { job } = this;
    if (job === undefined) return false;
    let left = crashAfter;
    const decision = decide({
      job,
      runs: this.runs,
      admission: { admitted: true, pool: 'default' },
      progress: this.#progress,
      now: this.now,
      policy: this.policy,
    });
    const writes = decision.status !== undefined && !isDeepStrictEqual(decision.status, job.status);
    if (writes && decision.status !== undefined) {
      if (left-- <= 0) return true;
      this.statuses.push(decision.status);
      this.job = { ...job, status: decision.status };
    }
    for (const action of decision.actions) {
      if (left-- <= 0) return true;
      switch (action.type) {
        case 'startStage':
          this.#start(action.attempt, action.stage);
          break;
        case 'stopStage': {
          const run = this.runs.find(({ identity }) => isDeepStrictEqual(identity, action.identity));
          if (run !== undefined) this.#replace(run, { ...run, stopReason: action.reason });
          break;
        }
        case 'removeJob':
          this.job = { ...job, metadata: { ...job.metadata, deletionTimestamp: new Date(this.now).toISOString() } };
          break;
        case 'finalizeJob':
          this.job = undefined;
          break;
        case 'forgetRuns':
          this.runs.splice(0, this.runs.length, ...this.live);
          break;
        case 'removeOutputs':
        case 'recordEvent':
          break;
      }
    }
    return writes || decision.actions.length > 0;
  }

  /** Lets all live runs succeed, until the controller has nothing more to do. */
  settle(): void {
    for (let turn = 0; turn < 200 && this.job !== undefined; turn++) {
      const quiet = !this.reconcile() && this.live.length === 0;
      this.take({ do: 'begin' });
      for (const run of this.live.filter(({ stopReason }) => stopReason !== undefined))
        this.#replace(run, endedRun(run, { state: 'failed', exitCode: 143 }, this.now));
      this.take({ do: 'end', state: 'succeeded' });
      if (quiet) {
        if (isTerminal(this.job?.status?.phase) || this.job?.spec.suspend === true) return;
        this.now += 60_000;
      }
    }
  }

  #start(attempt: number, stage: string): void {
    const job = this.job;
    if (job === undefined) return;
    const { namespace, name, uid } = job.metadata;
    if (this.runs.some(({ identity }) => identity.attempt === attempt && identity.stage === stage)) return;
    const key = `${attempt}/${stage}`;
    this.starts.set(key, (this.starts.get(key) ?? 0) + 1);
    const waitingFor = { cause: 'Starting', message: 'The worker is being started.' } as const;
    this.runs.push({ identity: { namespace, name, uid, attempt, stage }, state: 'waiting', waitingFor });
  }

  #begin(): void {
    const run = this.runs.find(({ state }) => state === 'waiting');
    if (run?.state !== 'waiting') return;
    const { waitingFor: _, ...rest } = run;
    this.#replace(run, { ...rest, state: 'running', startedAt: this.now, node: 'box' });
  }

  #end(outcome: RunOutcome, mayRunAgain = false): void {
    const run = this.runs.find(({ state }) => state === 'running');
    if (run?.state !== 'running') return;
    const ended = endedRun(run, outcome, this.now);
    this.#replace(run, mayRunAgain ? { ...ended, mayRunAgain } : ended);
  }

  #replace(run: StageRun, by: StageRun): void {
    this.runs[this.runs.indexOf(run)] = by;
  }
}

function outcomeOf(step: Extract<Step, { do: 'end' }>): RunOutcome {
  switch (step.state) {
    case 'failed': {
      const { code, exitCode } = step;
      return { state: 'failed', exitCode, result: { version: 1, exitCode, error: { code, message: 'it broke' } } };
    }
    case 'lost':
      return { state: 'lost', infrastructure: true, message: 'The node was lost.' };
    case 'succeeded':
      return { state: 'succeeded', exitCode: 0, result: aResult() };
  }
}
