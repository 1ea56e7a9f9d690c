import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { CodedError } from '../../../errors/coded-error.ts';
import { redactUrls } from '../../../lib/redact-url.ts';
import type { EncoderBackend, FallbackCause } from '../../../model/status/result.ts';
import type { Clock } from '../../../ports/clock.ts';
import {
  classifyExit,
  type FfmpegFailure,
  fallbackCauseOf,
  hasSkippedFilter,
  ignoredOptions,
  isGpu,
} from '../exit-classification.ts';
import { createProgressParser, type ProgressSample } from '../progress-parser.ts';
import { createStallWatchdog } from '../stall-watchdog.ts';
import { BoundedText } from './bounded-text.ts';
import { childEnd, terminate } from './child-end.ts';
import { startError } from './run-tool.ts';

/** Time between SIGTERM and SIGKILL: on a GPU the session must be closed. */
const graceMs = { gpu: 4000, cpu: 1500 } as const;
const stderrBytes = 64 * 1024;

export interface FfmpegRun {
  readonly program: string;
  readonly env: Readonly<Record<string, string>>;
  /** Arguments without the fixed ones. */
  readonly argv: readonly string[];
  /** `info` for filters that print measurements (loudnorm, ebur128); `warning` when absent. */
  readonly logLevel?: 'warning' | 'info';
  readonly stallSeconds: number;
  readonly ffmpeg: readonly [major: number, minor: number];
  readonly backend: EncoderBackend;
  readonly clock: Clock;
  /** Ends the process gracefully; its reason is what the run rejects with. */
  readonly signal: AbortSignal;
  readonly onProgress?: (sample: ProgressSample) => void;
}

export interface FfmpegOutcome {
  /** The last 64 KiB of its log, without secrets. */
  readonly stderr: string;
  readonly wallSeconds: number;
  /** Options that it ignored: defects of the plan, to be reported although the process succeeded. */
  readonly ignoredOptions: readonly string[];
}

/** A failed FFmpeg process: the code, why a fallback follows it, and the end of its log. */
export class FfmpegError extends CodedError {
  readonly stderr: string;
  readonly fallbackCause: FallbackCause;

  constructor(
    {
      code,
      message,
      fallbackCause = fallbackCauseOf(code),
    }: Omit<FfmpegFailure, 'fallbackCause'> & Partial<Pick<FfmpegFailure, 'fallbackCause'>>,
    stderr: string,
  ) {
    super(code, message);
    this.stderr = stderr;
    this.fallbackCause = fallbackCause;
  }
}

/**
 * The arguments that every FFmpeg process gets. Without `-xerror` damaged input would exit 0; `-nostdin` keeps it from
 * reading commands; progress has a descriptor of its own because its position on stderr changes between releases.
 */
export function fixedArguments(logLevel: 'warning' | 'info' = 'warning'): string[] {
  const quiet = ['-hide_banner', '-nostdin', '-nostats', '-y', '-v', logLevel, '-xerror'];
  return [...quiet, '-progress', 'pipe:3', '-stats_period', '0.5'];
}

/**
 * Runs one FFmpeg process to its end. Rejects with FfmpegError when it fails or stalls (`FFMPEG_STALLED`), and with the signal's
 * reason when that ended it. It has ended when this settles, whichever way.
 */
export async function runFfmpeg(run: FfmpegRun): Promise<FfmpegOutcome> {
  const { clock, signal } = run;
  signal.throwIfAborted();
  const startedAt = clock.monotonic();
  const child = spawn(run.program, [...fixedArguments(run.logLevel), ...run.argv], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    env: run.env,
  });
  const ended = childEnd(child);
  const stderr = new BoundedText(stderrBytes);
  child.stderr?.on('data', (chunk: Buffer) => stderr.push(chunk));

  const watchdog = createStallWatchdog(clock, run.stallSeconds);
  readProgress(child.stdio[3], (sample) => {
    watchdog.observe(sample);
    run.onProgress?.(sample);
  });

  let stalled = false;
  let cancelKill: (() => void) | undefined;
  const end = (): void => {
    cancelKill ??= terminate(child, isGpu(run.backend) ? graceMs.gpu : graceMs.cpu);
  };
  const watch = new AbortController();
  const watching = watchForStall(() => watchdog.remainingMs(), clock, watch.signal).then((found) => {
    if (!found) return;
    stalled = true;
    end();
  });
  signal.addEventListener('abort', end, { once: true });
  try {
    const { exitCode, signal: endedBy } = await ended;
    const log = redactUrls(stderr.toString());
    if (signal.aborted) throw signal.reason;
    if (stalled) {
      const message = `FFmpeg made no progress within ${run.stallSeconds} s and was ended`;
      throw new FfmpegError({ code: 'FFMPEG_STALLED', message }, log);
    }
    if (exitCode !== 0) {
      const exit = { ...(exitCode !== undefined && { exitCode }), ...(endedBy !== undefined && { signal: endedBy }) };
      const failure = classifyExit({ ...exit, stderrTail: log, ffmpeg: run.ffmpeg, backend: run.backend });
      throw new FfmpegError(failure, log);
    }
    if (isGpu(run.backend) && hasSkippedFilter(log)) {
      const message = 'The GPU skipped a filter of the plan (filter skipped)';
      throw new FfmpegError({ code: 'GPU_UNSUPPORTED_PARAMETERS', message }, log);
    }
    const wallSeconds = (clock.monotonic() - startedAt) / 1000;
    return { stderr: log, wallSeconds, ignoredOptions: ignoredOptions(log) };
  } catch (error) {
    throw signal.aborted ? signal.reason : startError(run.program, error);
  } finally {
    watch.abort();
    await watching;
    cancelKill?.();
    signal.removeEventListener('abort', end);
  }
}

function readProgress(pipe: unknown, onSample: (sample: ProgressSample) => void): void {
  if (!isReadable(pipe)) return;
  const parser = createProgressParser();
  pipe.setEncoding('latin1');
  pipe.on('data', (chunk: string) => {
    for (const sample of parser.push(chunk)) onSample(sample);
  });
  // A process that is killed may reset its pipe; only its end matters.
  pipe.on('error', () => undefined);
}

function isReadable(value: unknown): value is Readable {
  return typeof value === 'object' && value !== null && 'setEncoding' in value;
}

/** True when the process has stalled, false when the watch was aborted first. */
async function watchForStall(remainingMs: () => number, clock: Clock, signal: AbortSignal): Promise<boolean> {
  while (!signal.aborted) {
    const wait = remainingMs();
    if (wait <= 0) return true;
    await clock.sleep(wait, signal).catch(() => undefined);
  }
  return false;
}
