import { randomUUID } from 'node:crypto';
import { open, rename, rm, writeFile } from 'node:fs/promises';
import type { CodedError } from '../../errors/coded-error.ts';
import { errorTable } from '../../errors/error-table.ts';
import { redactUrls } from '../../lib/redact-url.ts';
import { cutToLength } from '../../lib/text.ts';
import { FfmpegError } from '../../media/ffmpeg/run/ffmpeg-process.ts';
import { bounds } from '../../model/job/bounds.ts';
import type { JobError, StageResult } from '../../model/status/result.ts';

/** A coded error as it stands in a result. */
export function jobErrorOf(error: CodedError): JobError {
  return {
    code: error.code,
    message: redactUrls(error.message).slice(0, bounds.message),
    remedy: error.remedy.slice(0, bounds.message),
    ...(error instanceof FfmpegError && error.stderr !== '' && { stderrTail: error.stderr.slice(-bounds.stderrTail) }),
  };
}

/** The exit status of a worker after this error; a code without one is an internal error in a worker. */
export function exitOf(error: Pick<CodedError, 'code'>): number {
  return errorTable[error.code].exit ?? errorTable.INTERNAL_ERROR.exit ?? 1;
}

/**
 * The same result in at most `limit` bytes of JSON: Kubernetes truncates a longer one in the middle. Dropped first is what
 * the full report has too: FFmpeg's log, checks that passed, figures of outputs, long texts, and finally the outputs that
 * do not fit.
 */
export function fitResult(result: StageResult, limit: number = bounds.resultBytes): StageResult {
  let fitted = result;
  for (const shrink of shrinkings) {
    if (bytesOf(fitted) <= limit) return fitted;
    fitted = shrink(fitted);
  }
  while (bytesOf(fitted) > limit && (fitted.outputs?.length ?? 0) > 1) {
    fitted = { ...fitted, outputs: fitted.outputs?.slice(0, -1) };
  }
  if (bytesOf(fitted) <= limit) return fitted;
  const { version, exitCode, error } = fitted;
  return { version, exitCode, ...(error && { error: { code: error.code, message: cutToLength(error.message, 200) } }) };
}

/**
 * Writes the result to a temporary file first: a runner must never read half of it. The termination log of a pod cannot be
 * replaced, because the kubelet mounts the file itself, in a folder that is not writable; it is read only after the end.
 */
export async function writeResult(path: string, result: StageResult): Promise<void> {
  const text = JSON.stringify(fitResult(result));
  const temporary = `${path}.${randomUUID()}`;
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    if (!cannotReplace(error)) throw error;
    await writeFile(path, text);
  }
}

/** The folder is not writable, or the file is a mount of its own. */
function cannotReplace(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return ['EACCES', 'EPERM', 'EROFS', 'EBUSY', 'EXDEV'].some((one) => one === code);
}

type Shrinking = (result: StageResult) => StageResult;

/** In the order in which they are applied. */
const shrinkings: readonly Shrinking[] = [
  tail(1024),
  tail(256),
  // A set of segments has many checks: the first ones, as many as there is room for.
  ...[24, 16, 8].map(
    (most): Shrinking =>
      (result) =>
        withChecks(result, fewerChecks(result, most)),
  ),
  (result) => withChecks(result, fewerChecks(result, 0)),
  (result) => withTexts(result, 400),
  (result) => withChecks(result, (result.checks ?? []).filter(({ ok }) => !ok).slice(0, 4)),
  (result) => (result.error ? { ...result, error: without(result.error, 'stderrTail') } : result),
  (result) => withTexts(result, 160),
  (result) => ({
    ...result,
    ...(result.outputs && {
      outputs: result.outputs.map(({ name, kind, key, mediaType, bytes }) => ({ name, kind, key, mediaType, bytes })),
    }),
  }),
  (result) => without(result, 'checks'),
  (result) => without(result, 'precision'),
];

function tail(length: number): Shrinking {
  return (result) => {
    const { error } = result;
    if (error?.stderrTail === undefined) return result;
    return { ...result, error: { ...error, stderrTail: error.stderrTail.slice(-length) } };
  };
}

/** All failed checks, and in a success at most this many that passed. */
function fewerChecks({ checks = [], error }: StageResult, most: number): NonNullable<StageResult['checks']> {
  const passed = error === undefined ? most : 0;
  return [...checks.filter(({ ok }) => !ok), ...checks.filter(({ ok }) => ok).slice(0, passed)];
}

function withChecks(result: StageResult, checks: NonNullable<StageResult['checks']>): StageResult {
  return checks.length === 0 ? without(result, 'checks') : { ...result, checks };
}

function withTexts(result: StageResult, length: number): StageResult {
  const { error, acceleration, precision } = result;
  return {
    ...result,
    ...(precision?.why !== undefined && { precision: { ...precision, why: cutToLength(precision.why, length / 4) } }),
    ...(error && {
      error: {
        ...error,
        message: cutToLength(error.message, length),
        ...(error.remedy !== undefined && { remedy: cutToLength(error.remedy, length) }),
      },
    }),
    ...(acceleration && {
      acceleration: {
        ...acceleration,
        fallbacks: acceleration.fallbacks.map((fallback) => ({
          ...fallback,
          message: cutToLength(fallback.message, length / 4),
        })),
      },
    }),
  };
}

function without<T extends object, K extends keyof T>(value: T, member: K): Omit<T, K> {
  const { [member]: _dropped, ...rest } = value;
  return rest;
}

function bytesOf(result: StageResult): number {
  return Buffer.byteLength(JSON.stringify(result));
}
