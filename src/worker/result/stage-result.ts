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

/** The status with which a worker that met this error exits; a code that no worker should meet is a defect of ours. */
export function exitOf(error: Pick<CodedError, 'code'>): number {
  return errorTable[error.code].exit ?? errorTable.INTERNAL_ERROR.exit ?? 1;
}

/**
 * The same result in at most `limit` bytes of JSON: Kubernetes cuts a longer one in the middle. What goes first is what
 * the full report has anyway: FFmpeg's log, figures of checks that passed, figures of outputs, wordy texts, and in the
 * end outputs beyond those that fit.
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
 * Writes the result under another name first: a runner must never read half of it. The termination log of a pod cannot
 * be replaced, because the kubelet mounts it alone, into a folder that nobody may write to; it is read only after the end.
 */
export async function writeResult(path: string, result: StageResult): Promise<void> {
  const text = JSON.stringify(fitResult(result));
  const draft = `${path}.${randomUUID()}`;
  try {
    const file = await open(draft, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => undefined);
    if (!isNoPlaceForDrafts(error)) throw error;
    await writeFile(path, text);
  }
}

/** The folder is not ours to write to, or the file is a mount of its own. */
function isNoPlaceForDrafts(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return ['EACCES', 'EPERM', 'EROFS', 'EBUSY', 'EXDEV'].some((one) => one === code);
}

type Shrinking = (result: StageResult) => StageResult;

/** From the least to the most painful. */
const shrinkings: readonly Shrinking[] = [
  tail(1024),
  tail(256),
  // A set of segments has many checks: as many as there is room for, those of what comes first.
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

/** All that failed, and of a success this many that passed. */
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
