import { CodedError } from '../../errors/coded-error.ts';
import type { ErrorCode } from '../../errors/error-table.ts';

const full: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** The system's code of a failed call (`ENOENT`, `ENOSPC`, …); undefined when it has none. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/**
 * A failure of the file system as a coded error: `STORAGE_FULL`, else `fallback`. Coded errors stay as they are. `action` is
 * a verb phrase, such as "read the object a.mp4".
 */
export function storageError(action: string, error: unknown, fallback: ErrorCode = 'STORAGE_UNAVAILABLE'): CodedError {
  if (error instanceof CodedError) return error;
  const code = systemCode(error);
  if (code !== undefined && full.has(code)) {
    return new CodedError('STORAGE_FULL', `Expected room to ${action}, got ${code}`, { cause: error });
  }
  return new CodedError(fallback, `Expected to ${action}, got ${code ?? 'an unexpected error'}`, { cause: error });
}

/** Whether the file or one of its folders does not exist. */
export function isMissing(error: unknown): boolean {
  const code = systemCode(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}
