import { join } from 'node:path';
import { AddressGuard } from '../adapters/sources/address-guard.ts';
import { CodedError, toCodedError } from '../errors/coded-error.ts';
import { detectCapabilities } from '../media/gpu/run/detect-capabilities.ts';
import type { ProgressMessage } from '../model/status/progress.ts';
import type { StageResult } from '../model/status/result.ts';
import type { Clock } from '../ports/clock.ts';
import { workerEnvironment } from '../worker-protocol/environment.ts';
import { openProgressChannel } from './progress-channel.ts';
import { createProgressReporter } from './report-progress.ts';
import { exitOf, jobErrorOf, writeResult } from './result/stage-result.ts';
import { runStage } from './run-stage.ts';
import { createStageLog } from './stage-log.ts';
import { openStores } from './stage-stores.ts';
import { type Environment, readStageEnvironment, type StageEnvironment } from './worker-settings.ts';

export interface WorkerOptions {
  readonly env: Environment;
  readonly clock: Clock;
}

export interface RunWorkerOptions extends WorkerOptions {
  /** Its abort ends FFmpeg politely; nothing is published afterwards. */
  readonly signal: AbortSignal;
  readonly send: (message: ProgressMessage) => void;
}

/** FFmpeg gets 4 s to end and is killed then; a process that not even that ends must not keep the worker. */
const abortLimitMs = 8000;
/** Longest time of one timer of Node's. */
const longestTimerMs = 2 ** 31 - 1;

/**
 * `framewright worker`: runs the stage that the environment describes and resolves to the exit status. SIGTERM, SIGINT
 * and the loss of the parent's IPC channel end it within 10 s with 143. The caller exits the process with that status:
 * a child process that cannot be killed would keep it alive otherwise.
 */
export async function workerCommand({ env, clock }: WorkerOptions): Promise<number> {
  const abort = new AbortController();
  const interrupt = (why: string) => (): void => {
    abort.abort(new CodedError('INTERRUPTED', `Expected to finish the stage, got ${why}`));
  };
  const ends = {
    SIGTERM: interrupt('SIGTERM'),
    SIGINT: interrupt('SIGINT'),
    disconnect: interrupt('a parent process that is gone'),
  };
  for (const [event, listener] of Object.entries(ends)) process.on(event, listener);
  // A parent that died while this process was starting will not be heard of any more.
  if (process.send !== undefined && !process.connected) ends.disconnect();
  const { send, drained } = await openProgressChannel(env);
  try {
    const status = await runWorker({ env, clock, signal: abort.signal, send });
    await drained();
    return status;
  } finally {
    for (const [event, listener] of Object.entries(ends)) process.off(event, listener);
    if (process.connected) process.disconnect();
  }
}

/** One stage from environment to result file; resolves to the exit status and never rejects. */
export async function runWorker({ env, clock, signal, send }: RunWorkerOptions): Promise<number> {
  let environment: StageEnvironment;
  try {
    environment = readStageEnvironment(env);
  } catch (error) {
    const failure = toCodedError(error);
    createStageLog('info').error({ code: failure.code, details: failure.details }, failure.message);
    await saveResult(env[workerEnvironment.resultFile], failureOf(failure));
    return exitOf(failure);
  }
  const { resultFile, spec } = environment;
  const log = createStageLog(environment.logLevel, spec.identity);
  const reporter = createProgressReporter(spec.identity, clock, send);
  const deadline = new AbortController();
  const timer = setTimeout(
    () =>
      deadline.abort(new CodedError('DEADLINE_EXCEEDED', `Expected the end within ${spec.timeoutSeconds} s, got none`)),
    Math.min(spec.timeoutSeconds * 1000, longestTimerMs),
  );
  const ended = AbortSignal.any([signal, deadline.signal]);
  const settled = new AbortController();
  try {
    const { tools, folders, mediaRoot, maxInputBytes, objects, s3, scratchDir, sources, volumesDir } = environment;
    const { store, outputs } = await openStores(spec, environment);
    const guard = new AddressGuard(sources);
    // What FFmpeg can do is remembered where other workers of this machine find it.
    const cacheDir = join(objects.kind === 'directory' ? objects.dir : scratchDir, '.capabilities');
    const running = runStage(spec, {
      store,
      outputs,
      sources: {
        store,
        guard,
        maxInputBytes,
        s3,
        ...(volumesDir !== undefined && { volumesDir }),
        ...(mediaRoot !== undefined && { mediaRoot }),
      },
      tools,
      scratchDir,
      clock,
      signal: ended,
      detect: (abort) => detectCapabilities({ tools, folders, signal: abort, cacheDir }),
      reporter,
      log,
    });
    const result = await Promise.race([running, afterAbort(ended, settled.signal, clock)]);
    reporter.close();
    await saveResult(resultFile, result);
    log.info({ exitCode: result.exitCode, timings: result.timings }, 'stage ended');
    return result.exitCode;
  } catch (error) {
    const failure = toCodedError(error);
    log.error({ code: failure.code }, failure.message);
    await saveResult(resultFile, failureOf(failure));
    return exitOf(failure);
  } finally {
    clearTimeout(timer);
    settled.abort();
    reporter.close();
  }
}

/** The result of a worker that was told to end and has not, long after FFmpeg was killed. */
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

/** A result that cannot be written leaves the exit status, which says the same in short. */
async function saveResult(path: string | undefined, result: StageResult): Promise<void> {
  if (path === undefined || path === '') return;
  await writeResult(path, result).catch((error: unknown) => {
    createStageLog('info').error({ code: toCodedError(error).code }, 'the result file could not be written');
  });
}
