import { join } from 'node:path';
import { AddressGuard } from '../adapters/sources/address-guard.ts';
import { CodedError, toCodedError } from '../errors/coded-error.ts';
import { omitUndefined } from '../lib/omit-undefined.ts';
import { detectCapabilities } from '../media/gpu/run/detect-capabilities.ts';
import type { StageSpec } from '../model/job/stage.ts';
import type { ProgressMessage } from '../model/status/progress.ts';
import type { StageResult } from '../model/status/result.ts';
import type { Clock } from '../ports/clock.ts';
import { workerEnvironment } from '../worker-protocol/environment.ts';
import { openProgressChannel } from './progress-channel.ts';
import { createProgressReporter } from './report-progress.ts';
import { exitOf, jobErrorOf, writeResult } from './result/stage-result.ts';
import { type RunStageOptions, runStage } from './run-stage.ts';
import { createStageLog, type StageLog } from './stage-log.ts';
import { openStores } from './stage-stores.ts';
import { type Environment, readStageEnvironment, type StageEnvironment } from './worker-settings.ts';

export interface WorkerOptions {
  readonly env: Environment;
  readonly clock: Clock;
}

export interface RunWorkerOptions extends WorkerOptions {
  /** Its abort ends FFmpeg with SIGTERM; nothing is published afterwards. */
  readonly signal: AbortSignal;
  readonly send: (message: ProgressMessage) => void;
}

/** FFmpeg is killed 4 s after SIGTERM; a process that survives even that must not keep the worker running. */
const abortLimitMs = 8000;
/** Longest delay of a timer in Node. */
const longestTimerMs = 2 ** 31 - 1;

/**
 * `framewright worker`: runs the stage in the environment and resolves to the exit status. SIGTERM, SIGINT and the loss of
 * the parent's IPC channel end it within 10 s with 143. The caller exits the process with that status: a child process
 * that cannot be killed would keep it alive otherwise.
 */
export async function workerCommand({ env, clock }: WorkerOptions): Promise<number> {
  const abort = new AbortController();
  const interrupt = (why: string) => (): void => {
    abort.abort(new CodedError('INTERRUPTED', `Expected to finish the stage, got ${why}`));
  };
  const listeners = {
    SIGTERM: interrupt('SIGTERM'),
    SIGINT: interrupt('SIGINT'),
    disconnect: interrupt('the end of the parent process'),
  };
  for (const [event, listener] of Object.entries(listeners)) process.on(event, listener);
  // If the parent ended while this process was starting, there is no event.
  if (process.send !== undefined && !process.connected) listeners.disconnect();
  const { send, drained } = await openProgressChannel(env);
  try {
    const status = await runWorker({ env, clock, signal: abort.signal, send });
    await drained();
    return status;
  } finally {
    for (const [event, listener] of Object.entries(listeners)) process.off(event, listener);
    if (process.connected) process.disconnect();
  }
}

/** One stage from environment to result file; resolves to the exit status and never rejects. */
export async function runWorker({ env, clock, signal, send }: RunWorkerOptions): Promise<number> {
  let environment: StageEnvironment;
  try {
    environment = readStageEnvironment(env);
  } catch (error) {
    return failed(error, createStageLog('info'), env[workerEnvironment.resultFile]);
  }
  const { resultFile, spec } = environment;
  const log = createStageLog(environment.logLevel, spec.identity);
  const reporter = createProgressReporter(spec.identity, clock, send);
  const deadline = deadlineOf(spec);
  const ended = AbortSignal.any([signal, deadline.signal]);
  const settled = new AbortController();
  try {
    const running = startStage(environment, { clock, signal: ended, reporter, log });
    const result = await Promise.race([running, afterAbort(ended, settled.signal, clock)]);
    reporter.close();
    await saveResult(resultFile, result);
    log.info({ exitCode: result.exitCode, timings: result.timings }, 'stage ended');
    return result.exitCode;
  } catch (error) {
    return await failed(error, log, resultFile);
  } finally {
    deadline.clear();
    settled.abort();
    reporter.close();
  }
}

async function startStage(
  environment: StageEnvironment,
  options: Pick<RunStageOptions, 'clock' | 'signal' | 'reporter' | 'log'>,
): Promise<StageResult> {
  const { spec, tools, folders, mediaRoot, maxInputBytes, objects, s3, scratchDir, volumesDir } = environment;
  const { store, outputs } = await openStores(spec, environment);
  const guard = new AddressGuard(environment.sources);
  // The capabilities are cached where other workers of this machine find them.
  const cacheDir = join(objects.kind === 'directory' ? objects.dir : scratchDir, '.capabilities');
  return runStage(spec, {
    ...options,
    store,
    outputs,
    sources: omitUndefined({ store, guard, maxInputBytes, s3, volumesDir, mediaRoot }),
    tools,
    scratchDir,
    detect: (signal) => detectCapabilities({ tools, folders, signal, cacheDir }),
  });
}

/** A signal that is aborted when the stage has reached its time limit. */
function deadlineOf({ timeoutSeconds }: StageSpec): { readonly signal: AbortSignal; readonly clear: () => void } {
  const deadline = new AbortController();
  const timer = setTimeout(
    () => deadline.abort(new CodedError('DEADLINE_EXCEEDED', `The stage did not finish within ${timeoutSeconds} s`)),
    Math.min(timeoutSeconds * 1000, longestTimerMs),
  );
  return { signal: deadline.signal, clear: () => clearTimeout(timer) };
}

/** Logs and saves a failure before or outside of the stage; resolves to the exit status. */
async function failed(error: unknown, log: StageLog, resultFile: string | undefined): Promise<number> {
  const failure = toCodedError(error);
  log.error(omitUndefined({ code: failure.code, details: failure.details }), failure.message);
  await saveResult(resultFile, failureOf(failure));
  return exitOf(failure);
}

/** The result of a worker that has not ended although FFmpeg was killed long ago. */
async function afterAbort(signal: AbortSignal, settled: AbortSignal, clock: Clock): Promise<StageResult> {
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await clock.sleep(abortLimitMs, settled).catch(() => undefined);
  return failureOf(toCodedError(signal.reason));
}

function failureOf(failure: CodedError): StageResult {
  return { version: 1, exitCode: exitOf(failure), error: jobErrorOf(failure) };
}

/** When the result cannot be written, the runner has the exit status, which has the class of the error. */
async function saveResult(path: string | undefined, result: StageResult): Promise<void> {
  if (path === undefined || path === '') return;
  await writeResult(path, result).catch((error: unknown) => {
    createStageLog('info').error({ code: toCodedError(error).code }, 'the result file could not be written');
  });
}
