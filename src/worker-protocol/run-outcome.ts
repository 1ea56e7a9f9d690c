import { constants } from 'node:os';
import { type ErrorCode, errorTable, isErrorCode } from '../errors/error-table.ts';
import { bounds } from '../model/job/bounds.ts';
import { type StageResult, stageResult } from '../model/status/result.ts';
import type { RunOutcome, StopReason } from '../ports/stage-runner.ts';

/** The result of a worker: a valid one, or why there is none, as the end of a sentence ("it left no result"). */
export type ResultRead = { readonly result: StageResult } | { readonly missing: string };

/** Parses the result file of a worker. */
export function readResultText(text: string): ResultRead {
  const bytes = Buffer.byteLength(text);
  if (bytes > bounds.resultBytes) return { missing: tooLong(bytes) };
  if (text.trim() === '') return { missing: 'it left no result' };
  try {
    const parsed = stageResult.safeParse(JSON.parse(text));
    return parsed.success ? { result: parsed.data } : { missing: 'its result does not have the agreed form' };
  } catch {
    return { missing: 'its result is not JSON' };
  }
}

export function tooLong(bytes: number): string {
  return `its result has ${bytes} bytes, ${bounds.resultBytes} are allowed`;
}

/** How the process of a run ended, as its parent saw it. */
export interface WorkerExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The kernel's out-of-memory killer ended some process of this machine while the worker ran. */
  readonly memoryExhausted: boolean;
  /** The known cause, as a verb phrase: "was killed because…". */
  readonly cause?: string;
  /** What to do about it. */
  readonly remedy?: string;
}

/** What the outcome of a run is classified from. */
export interface RunObservation {
  readonly result: ResultRead;
  /** Absent when the server that started the worker has ended: only a parent can observe it. */
  readonly exit?: WorkerExit;
  readonly stopReason?: StopReason;
  /** The server was shutting down and had asked the worker to end. */
  readonly shutdown?: boolean;
}

/**
 * The outcome of a run. A valid result decides, since a worker writes it last, when everything it names is published;
 * without one the exit code is not trusted: Node uses numbers of our table for its own exits (13, for example).
 */
export function classifyRunOutcome({ result: read, exit, stopReason, shutdown = false }: RunObservation): RunOutcome {
  const exitCode = exit === undefined ? undefined : exitCodeOf(exit);
  if ('result' in read) return withResult(read.result, exitCode);
  if (exit === undefined)
    return lostRun(`The server that ran the worker ended, the worker with it, and ${read.missing}.`);
  if (shutdown) return lostRun(`The server was shut down, the worker with it, and ${read.missing}.`, exitCode);
  if (stopReason !== undefined)
    return crashed('INTERRUPTED', `The worker was ended (${stopReason}) and ${read.missing}.`, exitCode);
  if (exitCode === errorTable.INTERRUPTED.exit) {
    return crashed('INTERRUPTED', `The worker was ended by SIGTERM from outside and ${read.missing}.`, exitCode);
  }
  return crashed('WORKER_CRASHED', `The worker ${causeOf(exit)} and ${read.missing}.`, exitCode, exit.remedy);
}

/** The outcome of a run whose worker could not be started. */
export function notStarted(error: unknown): RunOutcome {
  const reason = error instanceof Error ? error.message : String(error);
  const full = error instanceof Error && 'code' in error && error.code === 'ENOSPC';
  const code = full ? 'STORAGE_FULL' : 'WORKER_CRASHED';
  return { ...crashed(code, `The worker could not be started: ${reason}`, undefined), infrastructure: true };
}

/** The outcome of a run that was stopped without a trace of it, or before it ran. */
export function stoppedRun(stopReason: StopReason): RunOutcome {
  return crashed('INTERRUPTED', `The stage was ended (${stopReason}) and its worker left no result.`, undefined);
}

function withResult(result: StageResult, exitCode = result.exitCode): RunOutcome {
  const { error } = result;
  if (result.exitCode === 0) return { state: 'succeeded', exitCode: 0, result };
  const infrastructure = error !== undefined && isInfrastructure(error.code);
  return {
    state: 'failed',
    exitCode,
    result,
    ...(infrastructure ? { infrastructure } : {}),
    ...(error === undefined ? {} : { message: error.message }),
  };
}

/** The outcome of a run whose end was not observed: the machine's fault, not the job's. */
export function lostRun(message: string, exitCode?: number): RunOutcome {
  return { state: 'lost', infrastructure: true, message, ...(exitCode === undefined ? {} : { exitCode }) };
}

/** A failure without a result of the worker: one is made for it, so that every failure has its code in the result. */
function crashed(
  code: ErrorCode,
  text: string,
  exitCode: number | undefined,
  precise?: string,
): Extract<RunOutcome, { state: 'failed' }> {
  const { exit = 1, remedy } = errorTable[code];
  const message = text.slice(0, bounds.message);
  return {
    state: 'failed',
    result: { version: 1, exitCode: exit, error: { code, message, remedy: precise ?? remedy } },
    message,
    ...(isInfrastructure(code) ? { infrastructure: true } : {}),
    ...(exitCode === undefined ? {} : { exitCode }),
  };
}

function causeOf({ code, signal, memoryExhausted, cause }: WorkerExit): string {
  if (cause !== undefined) return cause;
  if (signal === null) return `ended with exit code ${code ?? 'unknown'}`;
  if (signal !== 'SIGKILL') return `was ended by ${signal}`;
  return memoryExhausted
    ? 'was killed while the machine was out of memory (SIGKILL; the kernel log names the process)'
    : 'was killed by SIGKILL, which this server did not send; out of memory is the usual cause';
}

/** 128 + number for a signal, as shells and container runtimes report it. */
function exitCodeOf({ code, signal }: WorkerExit): number {
  if (code !== null) return code;
  return 128 + (signal === null ? 0 : constants.signals[signal]);
}

function isInfrastructure(code: string): boolean {
  return isErrorCode(code) && errorTable[code].infrastructure === true;
}
