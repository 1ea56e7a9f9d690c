import { CodedError } from '../../errors/coded-error.ts';
import type { ErrorCode } from '../../errors/error-table.ts';

/** A coded error that names the field of the job that causes it, for example `spec.operations[0].trim.end`. */
export function planError(
  code: Extract<ErrorCode, 'SPEC_INVALID' | 'INPUT_UNSUPPORTED' | 'CAPABILITY_MISSING' | 'UNSUPPORTED'>,
  path: string,
  message: string,
  remedy?: string,
): CodedError {
  return new CodedError(code, `${path}: ${message}`, {
    details: [{ path, message }],
    ...(remedy !== undefined && { remedy }),
  });
}
